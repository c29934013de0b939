"use strict";
document.documentElement.classList.add("js");

(function filterTable() {
  const buttons = document.querySelectorAll("#set-filter button");
  const bodies = document.querySelectorAll("#result-table tbody");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      for (const body of bodies) body.hidden = Boolean(button.dataset.show) && body.dataset.set !== button.dataset.show;
    });
  }
})();

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

(function worldMap() {
  const setChoice = document.getElementById("map-set");
  if (!setChoice) return;
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const variantChoice = document.getElementById("map-variant");
  const world = document.getElementById("world");
  const readout = document.getElementById("map-readout");
  const legend = document.getElementById("map-legend");
  const byId = (id) => document.getElementById(id);
  let photos, answers, order, at;

  const dot = (x, y) => `M${x} ${y}h0`;
  const cross = (x, y) => `M${x - 45} ${y - 45}l90 90m0 -90l-90 90`;
  const shown = (i) => {
    const box = legend.querySelector(`li[data-class="${answers.c[i]}"] input`);
    return !box || box.checked;
  };
  const paths = (group, make) => {
    for (const path of group.children) {
      const wanted = Number(path.dataset.class);
      path.setAttribute("d", photos.id.map((_, i) => (answers.c[i] === wanted && shown(i) ? make(i) : "")).join(""));
    }
  };

  function draw() {
    photos = data.sets[setChoice.value];
    answers = data.answers[setChoice.value][variantChoice.value];
    paths(byId("arcs"), (i) => answers.d[i]);
    paths(byId("answers"), (i) => dot(answers.x[i], answers.y[i]));
    byId("truths").setAttribute("d", photos.id.map((_, i) => (shown(i) ? dot(photos.x[i], photos.y[i]) : "")).join(""));
    byId("failures").setAttribute("d", photos.id.map((_, i) => (answers.c[i] < 0 ? cross(photos.x[i], photos.y[i]) : "")).join(""));
    for (const item of legend.querySelectorAll("li[data-class]")) {
      const number = answers.c.filter((c) => c === Number(item.dataset.class)).length;
      item.querySelector("b").textContent = number;
      item.querySelector("small").textContent = photos.id.length ? `${((100 * number) / photos.id.length).toFixed(1)} %` : "";
    }
    order = photos.id.map((_, i) => i).filter((i) => answers.km[i] !== null && shown(i));
    order.sort((a, b) => answers.km[b] - answers.km[a]);
    at = -1;
    focus(null);
    const name = variantChoice.selectedOptions[0].textContent;
    byId("map-title").textContent = `World map: ${photos.id.length} queries of ${setChoice.value} as ${name} answered them`;
  }

  function distance(km) {
    if (km < 0.995) return `${km.toFixed(2)} km`;
    return km < 9.95 ? `${km.toFixed(1)} km` : `${Math.round(km).toLocaleString("en-US")} km`;
  }

  function focus(i) {
    byId("focus").setAttribute("d", i === null ? "" : answers.d[i]);
    let ends = "";
    if (i !== null) {
      ends = dot(photos.x[i], photos.y[i]);
      if (answers.x[i] !== null) ends += dot(answers.x[i], answers.y[i]);
    }
    byId("focus-ends").setAttribute("d", ends);
    if (i === null) {
      readout.textContent = data.hint;
      return;
    }
    const place = photos.place[i] ? `, ${photos.place[i]}` : "";
    const result = answers.km[i] === null ? "no answer" : `placed ${distance(answers.km[i])} away`;
    readout.textContent = `${photos.id[i]}${place}: ${result}`;
  }

  function nearest(event) {
    const box = world.getBoundingClientRect();
    const unit = world.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * unit;
    const y = (event.clientY - box.top) * unit;
    let best = null;
    let reach = (14 * unit) ** 2;
    photos.id.forEach((_, i) => {
      if (!shown(i)) return;
      for (const [px, py] of [[photos.x[i], photos.y[i]], [answers.x[i], answers.y[i]]]) {
        if (px === null) continue;
        const d = (px - x) ** 2 + (py - y) ** 2;
        if (d < reach) [reach, best] = [d, i];
      }
    });
    return best;
  }

  function step(by) {
    if (!order.length) return;
    at = (at + by + order.length) % order.length;
    focus(order[at]);
  }

  setChoice.addEventListener("change", draw);
  variantChoice.addEventListener("change", draw);
  legend.addEventListener("change", draw);
  world.addEventListener("pointermove", (event) => {
    const found = nearest(event);
    if (found !== null) focus(found);
  });
  world.addEventListener("pointerdown", (event) => focus(nearest(event)));
  byId("map-next").addEventListener("click", () => step(1));
  byId("map-previous").addEventListener("click", () => step(at < 0 ? 0 : -1));
  draw();
})();
