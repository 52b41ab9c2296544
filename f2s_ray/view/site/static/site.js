"use strict";
document.documentElement.classList.add("scripted");

// The slider over a picture: how much of it is shown as it was.
for (const frame of document.querySelectorAll("[data-compare]")) {
  const range = frame.querySelector("input");
  const move = () => {
    frame.style.setProperty("--split", range.value + "%");
    range.setAttribute("aria-valuetext", range.value + " percent before, " + (100 - range.value) + " percent after");
  };
  range.addEventListener("input", move);
  move();
}

// Arrow keys go through a grid as the eye does.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
for (const grid of document.querySelectorAll("[data-grid]")) {
  const stops = [...grid.children].map((item) => item.querySelector("a, input"));
  grid.addEventListener("keydown", (event) => {
    const at = stops.indexOf(event.target);
    const step = STEPS[event.key];
    if (at < 0 || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    const tops = [...grid.children].map((item) => item.offsetTop);
    const columns = Math.max(1, tops.filter((top) => top === tops[0]).length);
    const next = stops[at + step[0] + step[1] * columns];
    event.preventDefault();
    if (next) next.focus();
  });
}

// Choosing faces: shift takes all between the last one and this one, by mouse and by space.
const choose = document.querySelector(".choose");
if (choose) {
  const boxes = [...choose.querySelectorAll("input[type=checkbox]")];
  const actions = choose.querySelector(".actions");
  const told = choose.querySelector("[data-chosen]");
  let last = -1;
  let shift = false;
  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    actions.classList.toggle("chosen", count > 0);
    told.textContent = count + " chosen";
  };
  for (const kind of ["keydown", "pointerdown", "click"]) choose.addEventListener(kind, (event) => { shift = event.shiftKey; }, true);
  choose.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
  choose.addEventListener("change", (event) => {
    const at = boxes.indexOf(event.target);
    if (at < 0) return;
    if (shift && last >= 0) for (let i = Math.min(last, at); i <= Math.max(last, at); i++) boxes[i].checked = boxes[at].checked;
    last = at;
    tell();
  });
  choose.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { for (const box of boxes) box.checked = false; tell(); }
    // Enter in the field would press the first button, which is another one than is meant there.
    if (event.key === "Enter" && event.target.id === "to") event.preventDefault();
  });
  addEventListener("pageshow", tell);
  tell();
}

// Nobody says a thing twice because the first click took a while.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; }));
  addEventListener("pageshow", () => { for (const button of form.querySelectorAll("button")) button.disabled = false; });
}

// Names are suggested as they are typed.
const names = document.getElementById("names");
let asked = 0;
for (const field of document.querySelectorAll("[data-names]")) {
  const suggest = async () => {
    const own = ++asked;
    const answer = await fetch("/names.json?q=" + encodeURIComponent(field.value)).catch(() => null);
    const found = answer && answer.ok ? await answer.json() : [];
    if (own === asked) names.replaceChildren(...found.map((name) => new Option(name, name)));
  };
  field.addEventListener("focus", suggest);
  field.addEventListener("input", suggest);
}

const mistaken = document.querySelector("[data-focus]");
if (mistaken) mistaken.focus();

// How far the newest run is.
const live = document.querySelector("[data-live]");
if (live) {
  const look = async () => {
    const answer = await fetch("/runs.json").catch(() => null);
    const [run] = answer && answer.ok ? await answer.json() : [];
    if (run && run.state !== "open") return location.reload();
    if (run) {
      live.querySelector("[data-step]").textContent = run.step;
      live.querySelector("[data-words]").textContent = run.finished + " of " + run.total;
      live.querySelector("[data-path]").textContent = run.path;
      live.querySelector("[data-bar]").max = Math.max(1, run.total);
      live.querySelector("[data-bar]").value = run.finished;
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
}
if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 2000);
