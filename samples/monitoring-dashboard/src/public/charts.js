import { byId, element, setText } from './elements.js';

/* global uPlot */

const WINDOW_S = 300;
const SHORTEST_S = 60;
const MOST_POINTS = WINDOW_S + 60;
/** Of what is counted in ones. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];
/** Who listens to a page is not told of each second. */
const DESCRIBE_EACH = 5;

/** What a colour of the style sheet comes to: a canvas knows neither variables nor themes. */
function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const probe = document.body.appendChild(element('span', { className: 'unseen', attributes: { 'aria-hidden': 'true' } }));

/** Lines over the last five minutes, a legend that is text, and a description for those who do not see them. */
export class TimeChart {
  #root;
  #series;
  #format;
  #steps;
  #data;
  #plot;
  #values;
  #added = 0;

  /** In: `id` of the elements, `title` for the description, `isWhole` where there are no halves, `series` with `label`, `colour` (a CSS variable) and `read` of a frame. */
  constructor({ id, title, series, format, history, isWhole = false }) {
    this.#root = byId(`${id}-chart`);
    this.title = title;
    this.#series = series;
    this.#format = format;
    this.#steps = isWhole ? { incrs: WHOLE_STEPS } : {};
    this.#data = [[...history.at], ...series.map(({ column }) => [...history[column]])];
    this.#values = this.#legend(byId(`${id}-legend`));
    this.#plot = new uPlot(this.#options(), this.#data, this.#root);
    new ResizeObserver(() => this.#fit()).observe(this.#root);
    this.#show();
    this.#root.setAttribute('aria-label', this.#describe());
  }

  add(frame) {
    const at = Math.round(Date.parse(frame.at) / 1_000);
    const [times] = this.#data;
    const last = times.at(-1);
    if (last !== undefined && at <= last) return;
    // What was missed is a gap, and no line.
    if (last !== undefined && at - last > 3) this.#append(last + 1, this.#series.map(() => null)); // prettier-ignore
    this.#append(at, this.#series.map(({ read }) => read(frame))); // prettier-ignore
    this.#plot.setData(this.#data);
    this.#show();
    if (this.#added++ % DESCRIBE_EACH === 0) this.#root.setAttribute('aria-label', this.#describe());
  }

  /** Colours are those of the theme. */
  redraw() {
    this.#plot.redraw(false);
  }

  #append(at, values) {
    this.#data.forEach((column, index) => {
      column.push(index === 0 ? at : values[index - 1]);
      if (column.length > MOST_POINTS) column.shift();
    });
  }

  #legend(list) {
    return this.#series.map(({ label, colour: name }) => {
      const value = element('strong');
      const swatch = element('span', { className: 'swatch', attributes: { 'aria-hidden': 'true' } });
      swatch.style.background = `var(${name})`;
      list.append(element('li', {}, swatch, element('span', { text: label }), value));
      return value;
    });
  }

  #show(index = this.#data[0].length - 1) {
    this.#values.forEach((value, at) => setText(value, this.#text(this.#data[at + 1][index])));
  }

  #text(value) {
    return value === null || value === undefined ? '–' : this.#format(value);
  }

  #describe() {
    const lines = this.#series.map(({ label }, at) => {
      const known = this.#data[at + 1].filter((value) => value !== null);
      if (known.length === 0) return `${label}: nothing yet`;
      const [low, high] = [Math.min(...known), Math.max(...known)];
      return `${label}: now ${this.#text(known.at(-1))}, between ${this.#text(low)} and ${this.#text(high)}`;
    });
    return `${this.title} over the last five minutes. ${lines.join('; ')}.`;
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#root;
    if (width > 0 && height > 0) this.#plot.setSize({ width, height });
  }

  #options() {
    const font = '11px system-ui, sans-serif';
    const axis = { stroke: () => colour('--muted'), font, ticks: { show: false } };
    const grid = { stroke: () => colour('--line'), width: 1 };
    return {
      width: Math.max(1, this.#root.clientWidth),
      height: Math.max(1, this.#root.clientHeight),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 6 }, y: false },
      scales: {
        x: { time: true, range: () => this.#window() },
        y: { range: (_plot, _low, high) => [0, Math.max(1, (high ?? 0) * 1.15)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 70,
          size: 26,
          values: (_plot, splits, _axis, _space, step) => splits.map((at) => clock(at, step)),
        },
        {
          ...axis,
          ...this.#steps,
          grid,
          space: 32,
          size: 52,
          values: (_plot, splits) => splits.map((value) => this.#format(value, true)),
        },
      ],
      series: [{}, ...this.#series.map((one) => ({ stroke: () => colour(one.colour), width: 1.5, fill: one.fill && (() => colour(`${one.colour}-wash`)), points: { show: false } }))], // prettier-ignore
      hooks: { setCursor: [(plot) => this.#show(plot.cursor.idx ?? undefined)] },
    };
  }

  #window() {
    const [times] = this.#data;
    const last = times.at(-1) ?? Math.round(Date.now() / 1_000);
    // What has just begun is not drawn at the very edge.
    return [Math.max(last - WINDOW_S, Math.min(times[0] ?? last, last - SHORTEST_S)), last];
  }
}

function clock(at, stepS) {
  const seconds = stepS < 60 ? { second: '2-digit' } : {};
  return new Date(at * 1_000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...seconds });
}
