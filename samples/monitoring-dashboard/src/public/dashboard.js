import { breakerList, changeText } from './breakers.js';
import { TimeChart } from './charts.js';
import { byId, setText } from './elements.js';
import { showFigures } from './figures.js';
import { milliseconds, number, timeOfDay } from './format.js';
import { LiveFrames } from './live.js';
import { Operator } from './operator.js';
import { panels } from './panels.js';
import { themeButton } from './theme.js';
import { tryThings } from './trying.js';

const { latest, history } = JSON.parse(byId('initial').textContent);
const operator = new Operator();

const charts = [
  new TimeChart({
    id: 'requests',
    title: 'Requests per second',
    history,
    format: (value, isAxis) => number(value, isAxis ? undefined : 1),
    series: [
      { label: 'All', colour: '--blue', fill: true, column: 'perSecond', read: ({ requests }) => requests.perSecond },
      { label: '4xx', colour: '--amber', column: 'refusedPerSecond', read: ({ requests }) => requests.refusedPerSecond },
      { label: '5xx', colour: '--red', column: 'failedPerSecond', read: ({ requests }) => requests.failedPerSecond },
    ],
  }),
  new TimeChart({
    id: 'latency',
    title: 'Latency',
    history,
    format: (value, isAxis) => (isAxis ? milliseconds(value).replace('.0 ', ' ') : milliseconds(value)),
    series: [
      { label: 'p50', colour: '--teal', column: 'p50', read: ({ latencyMs }) => latencyMs.p50 },
      { label: 'p95', colour: '--blue', column: 'p95', read: ({ latencyMs }) => latencyMs.p95 },
      { label: 'p99', colour: '--violet', column: 'p99', read: ({ latencyMs }) => latencyMs.p99 },
    ],
  }),
  new TimeChart({
    id: 'connections',
    title: 'Open connections',
    isWhole: true,
    history,
    format: (value) => number(value, 0),
    series: [
      { label: 'WebSocket', colour: '--blue', column: 'webSocket', read: ({ connections }) => connections.webSocket },
      { label: 'Hijacked', colour: '--violet', column: 'hijacked', read: ({ connections }) => connections.hijacked },
    ],
  }),
];

const showPanels = panels();
const showBreakers = breakerList(operate);
let shown = latest;
let lastAt = latest.at;

async function operate({ name, key }, operation) {
  const query = key === undefined ? '' : `?key=${encodeURIComponent(key)}`;
  const problem = byId('breakers-problem');
  setText(problem, '');
  try {
    const answer = await operator.post(`/breakers/${encodeURIComponent(name)}/${operation}${query}`);
    if (answer === undefined) return;
    if (!answer.ok) return setText(problem, `${name}: the server answered ${answer.status}.`);
    const now = await answer.json();
    showBreakers(shown.breakers.map((one) => (one.name === now.name && one.key === now.key ? now : one)));
  } catch {
    setText(problem, `${name}: the server cannot be reached.`);
  }
}

/** For who listens; those who look see it where it belongs. */
function say(text) {
  setText(byId('announcements'), text);
}

const keyOf = ({ at, name, to }) => `${at} ${name} ${to}`;

function show(frame) {
  const known = new Set(shown.transitions.map(keyOf));
  const news = frame.transitions.filter((change) => !known.has(keyOf(change))).reverse();
  if (news.length > 0) say(news.map(changeText).join('. '));
  shown = frame;
  showFigures(frame);
  showBreakers(frame.breakers);
  showPanels(frame);
  byId('breakers-empty').hidden = frame.breakers.length > 0;
  const open = frame.breakers.filter(({ state }) => state !== 'closed').map(({ name }) => name);
  document.title = open.length === 0 ? 'Monitoring' : `⚠ ${open.join(', ')} – Monitoring`;
}

function setStatus(state, text) {
  byId('status').dataset.state = state;
  document.body.dataset.state = state;
  setText(byId('status-text'), text);
}

let countdown;

const frames = new LiveFrames({
  frame(frame) {
    lastAt = frame.at;
    for (const chart of charts) chart.add(frame);
    show(frame);
  },
  live() {
    clearInterval(countdown);
    byId('notice').hidden = true;
    setStatus('live', 'Live');
  },
  lost(reason, waitMs) {
    clearInterval(countdown);
    setStatus('lost', 'Offline');
    byId('notice').hidden = false;
    const againAt = performance.now() + waitMs;
    const count = () => {
      const seconds = Math.ceil((againAt - performance.now()) / 1_000);
      const next = seconds > 0 ? `trying again in ${seconds} s` : 'trying again now';
      setText(byId('notice-text'), `${reason}. These numbers are those of ${timeOfDay(lastAt)}; ${next}.`);
    };
    count();
    countdown = setInterval(count, 1_000);
  },
  refused() {
    setStatus('lost', 'Not allowed');
    location.reload();
  },
});

setText(byId('where'), location.host);
byId('retry').addEventListener('click', () => frames.retry());
themeButton(() => charts.forEach((chart) => chart.redraw()));
tryThings();
show(latest);
frames.open();
