// The slider through nights, weeks or months: shows where it stands while it moves, asks for it when it is let go.

const slider = document.getElementById("f-slider");
const form = document.getElementById("coverage-form");

if (slider) {
  const nights = slider.dataset.nights.split(" ");
  const shown = form.querySelector("output");
  const tell = () => {
    shown.textContent = nights[slider.value];
    slider.setAttribute("aria-valuetext", nights[slider.value]);
    form.elements.night.value = nights[slider.value];
  };
  slider.addEventListener("input", tell);
  slider.addEventListener("change", () => form.requestSubmit());
  slider.setAttribute("aria-valuetext", nights[slider.value]);
}
for (const name of ["kind", "by"]) form.elements[name].addEventListener("change", () => form.requestSubmit());
