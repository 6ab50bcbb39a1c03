import { causeOf, stateName } from './breakers.js';
import { byId, element, keyed, setText } from './elements.js';
import { bytes, milliseconds, number, timeOfDay } from './format.js';

/** Numbers side by side: each a label, a count, and a bar by which they compare. */
function bars(list, labels) {
  const show = keyed(
    list,
    ({ name }) => name,
    ({ label, tone }) => {
      const [count, fill] = [element('strong'), element('span')];
      fill.dataset.tone = tone;
      const bar = element('span', { className: 'length', attributes: { 'aria-hidden': 'true' } }, fill);
      const root = element('li', {}, element('span', { text: label }), count, bar);
      const update = ({ value, most }) => {
        setText(count, number(value, 0));
        fill.style.inlineSize = `${most === 0 ? 0 : (100 * value) / most}%`;
        root.classList.toggle('none', value === 0);
      };
      return { root, update };
    },
  );
  return (values) => {
    const most = Math.max(...Object.keys(labels).map((name) => values[name]));
    show(Object.entries(labels).map(([name, [label, tone]]) => ({ name, label, tone, value: values[name], most })));
  };
}

const REASONS = {
  client: ['The client left', 'blue'],
  deadline: ['Out of time', 'amber'],
  shutdown: ['The server stopped', 'violet'],
  parent: ['What it was part of ended', 'violet'],
  manual: ['Cancelled by hand', 'violet'],
};

const OUTCOMES = {
  promised: ['Promised', 'blue'],
  completed: ['Promised, and completed', 'blue'],
  refused: ['Promised, and refused', 'amber'],
  hinted: ['Hinted (103)', 'teal'],
  linked: ['Linked', 'violet'],
  skipped: ['Skipped', 'grey'],
};

function changeRow() {
  const [time, name, text] = [element('time'), element('strong'), element('span')];
  const root = element('li', {}, time, element('span', {}, name, ' ', text));
  const update = (change) => {
    time.dateTime = change.at;
    setText(time, timeOfDay(change.at));
    setText(name, change.name);
    setText(text, `${stateName(change.to).toLowerCase()}, ${causeOf(change)}`);
    root.dataset.state = change.to;
  };
  return { root, update };
}

function routeRow({ method, route }) {
  const [rate, p95, failed] = ['number', 'number', 'number'].map((className) => element('td', { className }));
  const title = route === '' ? 'no route' : route;
  const head = element('th', { attributes: { scope: 'row' } }, element('code', {}, element('span', { className: 'method', text: method === '_OTHER' ? 'any' : method }), ` ${title}`)); // prettier-ignore
  const root = element('tr', {}, head, rate, p95, failed);
  const update = (now) => {
    setText(rate, number(now.perSecond, 1));
    setText(p95, milliseconds(now.p95Ms));
    setText(failed, now.failureRatio === 0 ? '–' : `${number(100 * now.failureRatio, 0)} %`);
    failed.classList.toggle('bad', now.failureRatio > 0);
  };
  return { root, update };
}

function pluginRow({ name, version, description }) {
  const [state, uses, offers] = [element('span', { className: 'badge' }), element('p'), element('p')];
  const head = element('p', { className: 'head' }, element('strong', { text: name }), element('span', { className: 'version', text: version }), state); // prettier-ignore
  const root = element('li', {}, head, element('p', { className: 'about', text: description ?? '' }), offers, uses);
  const update = (now) => {
    setText(state, now.state);
    state.dataset.state = now.state;
    const services = now.services.map(({ service, version: of, health }) => `${service} ${of}${health === 'unknown' ? '' : ` (${health})`}`); // prettier-ignore
    setText(offers, services.length === 0 ? '' : `offers ${services.join(', ')}`);
    setText(uses, now.dependencies.length === 0 ? '' : `uses ${now.dependencies.join(', ')}`);
  };
  return { root, update };
}

function showOrSay(list, empty, render) {
  return (items) => {
    render(items);
    list.hidden = items.length === 0;
    empty.hidden = items.length > 0;
  };
}

/** Everything but the figures, the charts and the breakers. Out: a function that shows a frame. */
export function panels() {
  const showCancellations = bars(byId('cancellations'), REASONS);
  const showPushes = bars(byId('pushes'), OUTCOMES);
  const changes = keyed(byId('changes'), ({ at, name, to }) => `${at} ${name} ${to}`, changeRow);
  const showChanges = showOrSay(byId('changes'), byId('changes-empty'), changes);
  const routes = keyed(byId('routes'), ({ method, route }) => `${method} ${route}`, routeRow);
  const showRoutes = showOrSay(byId('routes').parentElement, byId('routes-empty'), routes);
  const showPlugins = keyed(byId('plugins'), ({ name, version }) => `${name}@${version}`, pluginRow);
  return (frame) => {
    showCancellations(frame.cancellations);
    showPushes(frame.pushes);
    setText(byId('pushes-note'), pushesText(frame.pushes));
    showChanges(frame.transitions);
    showRoutes(frame.routes);
    showPlugins(frame.plugins);
  };
}

function pushesText({ promised, hinted, linked, sentBytes }) {
  if (promised + hinted + linked === 0) return 'Nothing was pushed yet.';
  return `${bytes(sentBytes)} sent before they were asked for.`;
}
