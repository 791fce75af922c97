"use strict";
// Enlarging and downloading figures, and pictures that tell their numbers. Nothing is loaded, nothing kept.
(() => {
  const make = (tag, text, attributes = {}) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.textContent = text;
    return made;
  };

  const dialog = document.getElementById("enlarged");
  const enlarge = (image, title) => {
    const close = make("button", "Close", { type: "button" });
    close.addEventListener("click", () => dialog.close());
    const copy = image.cloneNode();
    copy.removeAttribute("loading");
    const frame = make("div", "", { className: "frame", tabIndex: 0 });
    frame.append(copy);
    dialog.replaceChildren(make("p", title, { id: "enlarged-title" }), close, frame);
    dialog.showModal();
  };
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.replaceChildren());

  for (const figure of document.querySelectorAll("figure.drawn")) {
    const image = figure.querySelector("img");
    const caption = figure.querySelector("figcaption");
    const title = figure.querySelector(".title").textContent;
    const button = make("button", "Enlarge", { type: "button" });
    button.append(make("span", ` the figure ${title}`, { className: "sr" }));
    button.addEventListener("click", () => enlarge(image, title));
    image.addEventListener("click", () => enlarge(image, title));
    // vas/figures/forest.pdf lies beside the page; the picture in it is saved as vas-forest.png.
    const file = caption.querySelector("a").getAttribute("href").replace("figures/", "").replaceAll("/", "-");
    const png = make("a", "PNG", { href: image.src, download: file.replace(".pdf", ".png") });
    png.append(make("span", ` of the figure ${title}`, { className: "sr" }));
    caption.append(" ", png, " ", button);
  }

  for (const figure of document.querySelectorAll("figure.live")) {
    const { x, series } = JSON.parse(figure.querySelector("script").textContent);
    const svg = figure.querySelector("svg");
    const slider = figure.querySelector("input");
    const choice = figure.querySelector("select");
    const told = figure.querySelector(".told");
    const cursor = svg.querySelector(".cursor");
    const dots = svg.querySelectorAll(".dot");
    let chosen = 0;
    let at = Number(slider.value);

    const show = () => {
      for (const each of svg.querySelectorAll("[data-series]"))
        each.classList.toggle("on", Number(each.dataset.series) === chosen);
      cursor.setAttribute("x1", x[at]);
      cursor.setAttribute("x2", x[at]);
      cursor.setAttribute("visibility", "visible");
      dots.forEach((dot, i) => {
        const y = series[chosen].dots[i][at];
        dot.setAttribute("visibility", y === null ? "hidden" : "visible");
        dot.setAttribute("cx", x[at]);
        dot.setAttribute("cy", y === null ? 0 : y);
      });
      slider.value = at;
      slider.setAttribute("aria-valuetext", series[chosen].told[at]);
      if (choice) choice.value = chosen;
      told.textContent = series[chosen].told[at];
    };

    slider.addEventListener("input", () => { at = Number(slider.value); show(); });
    if (choice) choice.addEventListener("input", () => { chosen = Number(choice.value); show(); });
    svg.addEventListener("pointermove", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const far = (value) => Math.abs(value - point.x);
      at = x.reduce((best, value, j) => (far(value) < far(x[best]) ? j : best), 0);
      if (choice) {
        // The patient whose line is nearest, at the visit that is nearest.
        const away = series.map((each) => (each.dots[0][at] === null ? Infinity : Math.abs(each.dots[0][at] - point.y)));
        chosen = away.indexOf(Math.min(...away));
      }
      show();
    });
    figure.querySelector(".controls").hidden = false;
    show();
  }
})();
