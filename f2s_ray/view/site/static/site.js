"use strict";
// The slider of a picture: how much of it is shown as it was.
const slide = document.getElementById("slide");
if (slide) {
  const edge = document.getElementById("edge"), seam = document.getElementById("seam");
  const width = slide.closest("figure").querySelector("svg").viewBox.baseVal.width;
  slide.addEventListener("input", () => {
    const at = width * slide.value / 100;
    edge.setAttribute("x", at);
    edge.setAttribute("width", width - at);
    seam.setAttribute("x1", at);
    seam.setAttribute("x2", at);
  });
}
const shown = document.getElementById("show-boxes");
if (shown) shown.addEventListener("change", () => { document.getElementById("boxes").style.display = shown.checked ? "" : "none"; });

// Choosing faces: shift takes all between two clicks.
const form = document.querySelector(".choose");
if (form) {
  const boxes = [...form.querySelectorAll("input[type=checkbox]")], told = form.querySelector("[data-chosen]"), idle = told.textContent;
  let last = null;
  form.addEventListener("click", event => {
    const box = boxes.indexOf(event.target);
    if (box < 0) return;
    if (event.shiftKey && last !== null)
      for (let i = Math.min(last, box); i <= Math.max(last, box); i++) boxes[i].checked = event.target.checked;
    last = box;
    const count = boxes.filter(one => one.checked).length;
    told.textContent = count ? `${count} chosen` : idle;
  });
}

// How far the newest run is.
const live = document.getElementById("live");
if (live) {
  const look = async () => {
    try {
      const [run] = await (await fetch("/runs.json")).json();
      const at = run && !Object.keys(run.summary).length ? run.latest : null;
      live.hidden = !at || at.total === undefined;
      if (!live.hidden) {
        document.getElementById("live-step").textContent = at.step;
        document.getElementById("live-bar").value = at.total ? at.finished / at.total : 1;
        document.getElementById("live-words").textContent = `${at.finished} of ${at.total}`;
      }
    } catch { live.hidden = true; }
    setTimeout(look, 2000);
  };
  look();
}
