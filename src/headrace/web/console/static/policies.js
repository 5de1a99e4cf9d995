// The editor of policies: what is written is saved and checked by the server while it is typed.
// Without this script the text areas and buttons do the same.
"use strict";

const DELAY_MS = 600;
const AGAIN_MS = 5000;

let timer = 0, underWay = 0; // how many saves are
let isOwed = false; // whether something was typed that the server does not have
let saving = Promise.resolve();

function soon(delay = DELAY_MS) {
  isOwed = true;
  clearTimeout(timer);
  timer = setTimeout(check, delay);
}

// One at a time: each gives the revision that the next needs.
function check() {
  clearTimeout(timer);
  underWay += 1;
  saving = saving.then(save).then(() => { underWay -= 1; });
  return saving;
}

async function save() {
  const saved = document.getElementById("saved");
  saved.textContent = say("saving");
  isOwed = false;
  try {
    const fields = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.check, { method: "POST", body: fields });
    if (!(answer.headers.get("content-type") || "").startsWith("text/html")) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const remarks = page.getElementById("remarks");
    if (!remarks) throw new Error("no remarks");
    document.getElementById("remarks").replaceWith(remarks);
    if (answer.ok) form.elements.revision.value = remarks.dataset.revision;
    saved.textContent = answer.ok ? say("saved") : "";
    markAll();
  } catch {
    saved.textContent = say("notSaved");
    soon(AGAIN_MS);
  }
}

function markAll() {
  const found = [...document.querySelectorAll("#remarks [data-file]")].map((each) => ({
    file: each.dataset.file, kind: each.dataset.kind, column: each.dataset.column, text: each.dataset.said,
    rows: each.dataset.rows.split(" ").filter(Boolean).map(Number),
  }));
  for (const sheet of sheets.values()) sheet.mark(found.filter((each) => each.file === sheet.file));
}

async function upload(input) {
  const file = input.files[0];
  if (!file) return;
  await check(); // what was typed is in the draft before the file is put into it
  const answer = await fetch(form.dataset.upload + encodeURIComponent(file.name), {
    method: "PUT", body: file,
    headers: { "X-Form-Token": form.elements.form_token.value, "content-type": "application/octet-stream" },
  });
  if (answer.ok) { location.reload(); return; }
  const told = await answer.json();
  input.value = "";
  document.getElementById("upload-said").textContent = told.said || told.detail;
}

if (form) {
  for (const section of document.querySelectorAll("[data-sheet]")) {
    sheets.set(section.dataset.sheet, new Sheet(section));
  }
  for (const text of form.querySelectorAll(".code-text")) text.addEventListener("input", () => soon());
  document.querySelector(".upload").hidden = false;
  document.getElementById("upload").addEventListener("change", (event) => upload(event.target));
  let isReady = false; // asked before, and waited for what was being saved
  form.addEventListener("submit", (event) => {
    const discards = event.submitter?.value === "discard" && !isReady;
    if (discards && !confirm(say("discardSure"))) { event.preventDefault(); return; }
    clearTimeout(timer);
    isOwed = false;
    if (!underWay || isReady) return;
    event.preventDefault(); // what is being saved gives the revision that this one needs
    const pressed = event.submitter;
    const send = () => { isReady = true; clearTimeout(timer); isOwed = false; form.requestSubmit(pressed); };
    saving.then(() => setTimeout(send)); // not within this event: a form being sent is not sent again
  });
  window.addEventListener("beforeunload", (event) => { if (isOwed) event.preventDefault(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#remarks [data-file]");
    if (link) sheets.get(link.dataset.file)?.show(Number(link.dataset.rows.split(" ")[0]), link.dataset.column);
  });
  markAll();
}
