export const byId = (id) => document.getElementById(id);

/** Sets a text, and touches nothing when it is the same: what has the focus, or is being selected, stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function element(name, { className, text, attributes = {} } = {}, ...children) {
  const made = document.createElement(name);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/**
 * Brings the children of a list in line with its items: those that stay keep their elements, and with them focus and
 * selection. `create` makes `{ root, update(item) }`.
 */
export function keyed(list, keyOf, create) {
  const known = new Map();
  return (items) => {
    const keys = items.map(keyOf);
    for (const [key, { root }] of known) {
      if (keys.includes(key)) continue;
      root.remove();
      known.delete(key);
    }
    items.forEach((item, at) => {
      const key = keys[at];
      if (!known.has(key)) known.set(key, create(item));
      const { root, update } = known.get(key);
      if (list.children[at] !== root) list.insertBefore(root, list.children[at] ?? null);
      update(item);
    });
  };
}
