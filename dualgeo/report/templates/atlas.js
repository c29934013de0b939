(function errorAtlas() {
  const setChoice = document.getElementById("atlas-set");
  if (!setChoice) return;
  const data = JSON.parse(document.getElementById("atlas-data").textContent);
  const colourChoice = document.getElementById("atlas-colour");
  const world = document.getElementById("atlas-world");
  const readout = document.getElementById("atlas-readout");
  const countries = world.querySelectorAll("[data-country]");

  function draw() {
    const figures = data.figures[setChoice.value];
    const colour = Number(colourChoice.value);
    for (const country of countries) {
      const found = figures[country.dataset.country];
      country.setAttribute("class", found ? `country ${found[colour]}` : "country none");
      country.querySelector("title").textContent = found ? found[2] : "no queries in this set";
    }
    for (const legend of document.querySelectorAll("#atlas .legend")) legend.hidden = legend.dataset.colour !== colourChoice.value;
    readout.textContent = data.hint;
  }

  setChoice.addEventListener("change", draw);
  colourChoice.addEventListener("change", draw);
  for (const kind of ["pointermove", "pointerdown"]) {
    world.addEventListener(kind, (event) => {
      const country = event.target.closest("[data-country]");
      readout.textContent = country ? country.querySelector("title").textContent : data.hint;
    });
  }
  draw();
})();
