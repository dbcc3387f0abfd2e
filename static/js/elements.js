// Elements made from code. Text always goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** Return a sentence with its {fields} filled in; one without a value stays as it is. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

/** Make an element; `properties` are set on it, `attributes` as attributes, children appended as nodes or text. */
export function element(tag, properties = {}, children = []) {
  const { attributes = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Call a function once things have been quiet for some milliseconds. */
export function debounced(act, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), milliseconds);
  };
}

/** Return a row of buttons from [words, act] pairs. */
export function buttonRow(pairs) {
  return element("div", { className: "button-row" }, pairs.map(([title, act, classes = ""]) => {
    const button = element("button", { type: "button", className: `plain ${classes}`.trim(), textContent: title });
    button.addEventListener("click", act);
    return button;
  }));
}
