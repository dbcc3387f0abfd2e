// Menus of pages: a click elsewhere and Escape close them; one is open at a time also where browsers do not see to it.

const menus = [...document.querySelectorAll(".page-menu")];

function closeOthers(kept) {
  for (const menu of menus) if (menu !== kept) menu.open = false;
}

document.addEventListener("click", ({ target }) => closeOthers(target.closest(".page-menu")));
document.addEventListener("keydown", (event) => {
  const open = menus.find((menu) => menu.open);
  if (event.key !== "Escape" || !open) return;
  event.preventDefault();
  open.open = false;
  open.querySelector("summary").focus();
});
