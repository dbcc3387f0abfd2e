// The wall's alerts, and what just happened.

import { config, formatNumber, words } from "./config.js";
import { byId, element } from "./elements.js";

const MOST_NEWS = 12;
const LEVELS = ["critical", "warning", "notice"];
const STATES = ["open", "acknowledged", "snoozed"];
const own = (names) => (names ? names[config.locale === "en" ? "en" : "zh"] : "");

/** Alerts at this desk by id; `onNew` is told of one that is open and was not, or grew. */
export class AlertFeed {
  #alerts = new Map();
  #onNew;

  constructor(onNew) {
    this.#onNew = onNew;
  }

  /** Take the whole list, as the server has it now. */
  replace(list) {
    this.#alerts = new Map(list.map((alert) => [alert.id, alert]));
    this.draw();
  }

  /** Take one that changed. */
  take(alert) {
    const known = this.#alerts.get(alert.id);
    if (known && known.version >= alert.version) return;
    if (alert.state === "closed" || alert.desk.code !== config.wall.desk) this.#alerts.delete(alert.id);
    else this.#alerts.set(alert.id, alert);
    this.draw();
    if (alert.state === "open" && this.#alerts.has(alert.id) && (known?.count !== alert.count || known?.state !== "open")) this.#onNew(alert);
  }

  get size() {
    return this.#alerts.size;
  }

  draw() {
    const sorted = [...this.#alerts.values()].sort((one, other) =>
      STATES.indexOf(one.state) - STATES.indexOf(other.state) || LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) || other.last_at.localeCompare(one.last_at));
    byId("alert-count").textContent = sorted.length ? formatNumber(sorted.length) : "";
    byId("alerts-quiet").hidden = sorted.length > 0;
    const hidden = fill(byId("alerts"), sorted, alertItem);
    byId("alerts-more").hidden = hidden === 0;
    byId("alerts-more").textContent = words("wall_more", { count: formatNumber(hidden) });
  }
}

function alertItem(alert) {
  const parts = [own(alert.place), clockOf(alert.last_at), stateWords(alert)].filter(Boolean).join(" · ");
  const lines = [
    element("p", { className: "alert-name" }, [element("span", { textContent: alert.rule }), alert.count > 1 ? element("b", { textContent: `×${formatNumber(alert.count)}` }) : ""]),
    element("p", { className: "alert-place", textContent: parts }),
  ];
  if (alert.newest?.title) lines.splice(1, 0, element("p", { className: "alert-case", textContent: alert.newest.title }));
  return element("li", { className: `alert alert-${alert.level} alert-${alert.state}`, attributes: { "data-alert": alert.id } }, lines);
}

function stateWords(alert) {
  if (alert.state === "snoozed") return words("wall_snoozed", { time: clockOf(alert.snoozed_until) });
  if (alert.unit) return own(alert.unit);
  return alert.state === "acknowledged" ? words("wall_acknowledged") : alert.escalated ? words("wall_escalated") : "";
}

/** What happened last, the newest first; the same hazard once. */
export class NewsFeed {
  #news = [];

  add(event) {
    this.#news = [event, ...this.#news.filter((each) => each.hazard !== event.hazard)].slice(0, MOST_NEWS);
    this.draw();
  }

  draw() {
    byId("news-quiet").hidden = this.#news.length > 0;
    fill(byId("news"), this.#news, (event) => element("li", { className: `news news-${event.severity}` }, [
      element("span", { className: "news-time", textContent: clockOf(event.at) }),
      element("span", { className: "news-title", textContent: event.title }),
      element("span", { className: "news-step", textContent: config.strings[`wall_step_${event.kind}`] ?? "" }),
    ]));
  }
}

/** Put in as many items as there is room for, at least one; return how many were left out. */
function fill(list, items, make) {
  list.replaceChildren();
  for (const [n, item] of items.entries()) {
    list.append(make(item));
    if (n && list.scrollHeight > list.clientHeight + 1) {
      list.lastChild.remove();
      return items.length - n;
    }
  }
  return 0;
}

const clockFormat = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit" });

/** Return the time of a moment, with its day where it is not today's. */
function clockOf(moment) {
  const at = new Date(moment);
  const day = dayFormat.format(at);
  return day === dayFormat.format(new Date()) ? clockFormat.format(at) : `${day} ${clockFormat.format(at)}`;
}
