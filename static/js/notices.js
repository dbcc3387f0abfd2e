// The sign beside the page of notices: how many are not read yet, asked again every half minute.

const EVERY_MS = 30_000;
const sign = document.querySelector(".page-nav a[href='/notices']");
const title = document.title;

async function refresh() {
  if (document.visibilityState === "hidden") return;
  const answer = await fetch("/api/notices/unread").catch(() => null);
  if (!answer?.ok) return;
  const { unread, most } = await answer.json();
  const words = unread >= most ? `${most - 1}+` : String(unread);
  sign.dataset.unread = unread ? words : "";
  document.title = unread ? `(${words}) ${title}` : title;
}

if (sign) {
  refresh();
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}
