// The slider through nights, weeks or months: the map follows it, and the whole page when it is let go or the play ends.

const STEP_MS = 900;
const QUIET_MS = 150;

/** Let the slider call `show(night)` as it moves, and ask for the page of a night when it stays there. */
export function followSlider({ words, show }) {
  const slider = document.getElementById("f-slider");
  const form = document.getElementById("coverage-form");
  for (const name of ["kind", "by", "shift", "mode", "team"]) form.elements[name].addEventListener("change", () => form.requestSubmit());
  if (!slider) return;
  const nights = slider.dataset.nights.split(" ");
  const output = form.querySelector("output");
  const play = document.getElementById("f-play");
  let timer = 0;
  let isPlaying = false;

  function tell() {
    const night = nights[slider.value];
    output.textContent = night;
    slider.setAttribute("aria-valuetext", night);
    form.elements.night.value = night;
    return night;
  }

  async function step() {
    if (!isPlaying) return;
    if (Number(slider.value) >= nights.length - 1) {
      stop();
      return;
    }
    slider.value = String(Number(slider.value) + 1);
    await show(tell()).catch(stop);
    if (isPlaying) timer = setTimeout(step, STEP_MS);
  }

  function stop() {
    isPlaying = false;
    clearTimeout(timer);
    form.requestSubmit();
  }

  play.hidden = false;
  play.addEventListener("click", () => {
    if (isPlaying) {
      stop();
      return;
    }
    isPlaying = true;
    play.textContent = words.pause;
    if (Number(slider.value) >= nights.length - 1) slider.value = "0";
    show(tell()).then(() => {
      timer = setTimeout(step, STEP_MS);
    }, stop);
  });
  slider.addEventListener("input", () => {
    const night = tell();
    clearTimeout(timer);
    timer = setTimeout(() => show(night).catch(() => {}), QUIET_MS);
  });
  slider.addEventListener("change", () => !isPlaying && form.requestSubmit());
  slider.setAttribute("aria-valuetext", nights[slider.value]);
}
