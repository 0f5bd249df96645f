// What makes pages quicker to use. Everything works without it.
"use strict";

// `/` goes to the search of the page, unless somebody types.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (at instanceof HTMLElement && (at.isContentEditable || /^(input|textarea|select)$/i.test(at.tagName))) return;
  const search = document.querySelector("input[type=search]");
  if (search === null) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// The editor checks what is typed as its button would, 300 ms after the last key. The side that somebody
// types in stays as it is; the other one follows.
const editor = document.getElementById("editor");
if (editor !== null) {
  const text = editor.querySelector("#text");
  let turn = 0;
  let wait;

  const fill = (page, id) => {
    const open = new Set([...editor.querySelectorAll("details[open]")].map((it) => it.id));
    const closed = new Set([...editor.querySelectorAll("details:not([open])")].map((it) => it.id));
    const part = document.getElementById(id);
    part.replaceChildren(...document.adoptNode(page.getElementById(id)).childNodes);
    for (const it of part.querySelectorAll("details[id]")) it.open = open.has(it.id) || (it.open && !closed.has(it.id));
  };

  // The estimates in the form are drawn anew while their field is typed in.
  const redraw = (page, field) => {
    const drawn = (it) => it?.closest(".field")?.nextElementSibling;
    const [old, fresh] = [drawn(field), drawn(page.getElementById(field.id))];
    if (old?.matches(".drawn") && fresh) old.replaceWith(document.adoptNode(fresh));
  };

  const check = async () => {
    const mine = ++turn;
    const body = new URLSearchParams(new FormData(editor));
    body.set("act", "check");
    const answer = await fetch(editor.action, { method: "POST", body }).catch(() => null);
    if (answer === null || !answer.ok || mine !== turn) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== turn || page.getElementById("editor") === null) return;
    const at = document.activeElement;
    if (document.getElementById("controls").contains(at)) {
      const fresh = page.getElementById("text").value;
      if (text.value !== fresh) text.value = fresh;
      editor.elements.seen.value = page.querySelector("[name=seen]").value;
      redraw(page, at);
    } else {
      fill(page, "controls");
    }
    fill(page, "findings");
    fill(page, "changes");
  };

  editor.addEventListener("input", (event) => {
    if (event.target.name === "reason") return;
    turn += 1;
    clearTimeout(wait);
    wait = setTimeout(check, 300);
  });

  // A finding leads to its line in the text.
  editor.addEventListener("click", (event) => {
    const line = /^#line-(\d+)$/.exec(event.target.closest("a")?.getAttribute("href") ?? "");
    if (line === null) return;
    event.preventDefault();
    const lines = text.value.split("\n");
    const start = lines.slice(0, line[1] - 1).reduce((sum, it) => sum + it.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line[1] - 1] ?? "").length);
    text.scrollTop = Math.max(0, (line[1] - 5) * 20);
  });
}
