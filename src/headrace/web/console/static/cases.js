// The queue by keyboard and by many: j and k go up and down, x chooses, o opens, / goes to the filter.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const queue = document.getElementById("case-queue");
  if (queue === null) return;
  const boxes = [...queue.querySelectorAll('tbody input[type="checkbox"]')];
  const links = [...queue.querySelectorAll("tbody th a")];
  const every = document.getElementById("case-every");
  let last = -1;

  function count() {
    const chosen = boxes.filter((box) => box.checked).length;
    if (every === null) return;
    every.checked = chosen > 0 && chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  }

  if (every !== null) {
    every.hidden = false;
    every.addEventListener("change", () => {
      for (const box of boxes) box.checked = every.checked;
    });
  }

  // With shift, all between the one before and this one are as this one.
  boxes.forEach((box, at) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last >= 0) {
      const [from, to] = [Math.min(at, last), Math.max(at, last)];
      for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
    }
    last = at;
    count();
  }));

  function go(step) {
    const at = links.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
    if (links[next]) links[next].focus();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = document.activeElement.closest("tr");
    const box = row && row.querySelector('tbody input[type="checkbox"]');
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "x" && box) box.click();
    else if (event.key === "o" && row && row.querySelector("th a")) row.querySelector("th a").click();
    else if (event.key === "/") document.getElementById("case-customer").focus();
    else return;
    event.preventDefault();
  });
});
