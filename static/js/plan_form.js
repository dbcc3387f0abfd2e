// The form of a new plan: while the server searches, a bar shows that it does, and nobody sends it twice.

const form = document.getElementById("plan-form");
const show = (isWaiting) => {
  form.setAttribute("aria-busy", String(isWaiting));
  form.querySelector("button.primary").disabled = isWaiting;
  document.getElementById("plan-progress").hidden = !isWaiting;
};
form.addEventListener("submit", () => show(true));
// Coming back through the history shows the form as it was left.
window.addEventListener("pageshow", () => show(false));
