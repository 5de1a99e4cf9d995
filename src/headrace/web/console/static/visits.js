// Visits recorded without a network are kept on this phone and sent when there is one again.
"use strict";

const KEPT = "headrace-visits";
const kept = () => JSON.parse(localStorage.getItem(KEPT) || "[]");

function show() {
  document.getElementById("waiting").hidden = kept().length === 0;
}

async function send() {
  const token = document.querySelector('meta[name="form-token"]').content;
  for (const fields of kept()) {
    const body = new URLSearchParams(fields);
    let answer;
    try {
      answer = await fetch("/visits/record", {
        method: "POST", body, headers: { "X-Form-Token": token, "HX-Request": "true" },
      });
    } catch {
      break; // still no network
    }
    if (answer.status === 403 || answer.status === 401 || answer.status >= 500) break;
    localStorage.setItem(KEPT, JSON.stringify(kept().filter((each) => each.id !== fields.id)));
  }
  show();
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.path === "/visits/record" && !event.detail.parameters.visited) {
    event.detail.parameters.visited = `${Date.now()}000`;
  }
});

document.addEventListener("htmx:sendError", (event) => {
  const form = event.target.closest("form.record");
  if (!form) return;
  const { id, list, party, result, note, next_day: day } = Object.fromEntries(new FormData(form));
  const fields = { id, list, party, result, note, next_day: day, visited: `${Date.now()}000` };
  localStorage.setItem(KEPT, JSON.stringify([...kept().filter((each) => each.id !== id), fields]));
  form.closest("li").remove();
  show();
});

addEventListener("online", send);
document.addEventListener("DOMContentLoaded", send);
