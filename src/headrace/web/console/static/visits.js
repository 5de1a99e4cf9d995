// Visits recorded without a network are kept on this phone and sent when there is one again.
"use strict";

let key = ""; // of whoever is signed in: a phone that is handed on sends nothing under another name
const kept = () => JSON.parse(localStorage.getItem(key) || "[]");
const keep = (visits) => localStorage.setItem(key, JSON.stringify(visits));
const without = (id) => kept().filter((each) => each.id !== id);

function show() {
  const refused = kept().filter((each) => each.refused);
  document.getElementById("waiting").hidden = kept().length === refused.length;
  const place = document.getElementById("refused");
  place.hidden = refused.length === 0;
  place.querySelector("ul").replaceChildren(...refused.map(line));
}

function line(visit) {
  const item = document.createElement("li");
  item.textContent = [visit.name, visit.said, visit.next_day, visit.note].filter(Boolean).join(" · ");
  const button = document.createElement("button");
  button.className = "plain";
  button.textContent = document.getElementById("refused").dataset.forget;
  button.addEventListener("click", () => { keep(without(visit.id)); show(); });
  item.append(" ", button);
  return item;
}

// What the service takes is forgotten here; what it never will is shown; all else is tried again.
async function send() {
  const token = document.querySelector('meta[name="form-token"]').content;
  for (const { name, said, refused, ...fields } of kept()) {
    if (refused) continue;
    let answer;
    try {
      answer = await fetch("/visits/record", {
        method: "POST", body: new URLSearchParams(fields), redirect: "error",
        headers: { "X-Form-Token": token, "HX-Request": "true" },
      });
    } catch {
      break; // still no network
    }
    if (answer.ok) keep(without(fields.id));
    else if ([403, 404, 409, 422].includes(answer.status)) {
      keep([...without(fields.id), { ...fields, name, said, refused: true }]);
    } else break;
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
  const { id, list, party, result, note, next_day } = Object.fromEntries(new FormData(form));
  const item = form.closest("li");
  const name = item.querySelector("strong").textContent;
  const said = form.querySelector("input:checked + label").textContent;
  const visited = `${Date.now()}000`;
  keep([...without(id), { id, list, party, result, note, next_day, visited, name, said }]);
  item.remove();
  show();
});

addEventListener("online", send);
document.addEventListener("DOMContentLoaded", () => {
  key = `headrace-visits-${document.getElementById("waiting").dataset.user}`;
  send();
});
