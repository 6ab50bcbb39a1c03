import { byId, setText } from './elements.js';
import { bytes, duration, number } from './format.js';

function set(id, value, note, tone = '') {
  const figure = byId(`figure-${id}`);
  setText(figure.querySelector('.value span'), value);
  setText(figure.querySelector('.note'), note);
  figure.dataset.tone = tone;
}

/** The numbers at the top. */
export function showFigures({ requests, latencyMs, breakers, connections, process }) {
  set('rate', requests.perSecond.toFixed(1), `${number(requests.total, 0)} in total`);
  set('latency', latencyMs.p95 === null ? '–' : number(latencyMs.p95, 0), 'of the last 10 s');
  const failing = requests.perSecond === 0 ? 0 : (100 * requests.failedPerSecond) / requests.perSecond;
  set('failures', failing.toFixed(1), 'answered with 5xx', failing > 0 ? 'bad' : '');
  set('active', String(requests.active), 'waiting for an answer');
  const notClosed = breakers.filter(({ state }) => state !== 'closed').map(({ name }) => name);
  const closed = `${breakers.length - notClosed.length}/${breakers.length}`;
  set('circuits', closed, notClosed.length === 0 ? 'all calls pass' : notClosed.join(', '), notClosed.length === 0 ? '' : 'bad');
  const { hijacked, webSocket } = connections;
  set('connections', String(hijacked + webSocket), `${webSocket} WebSocket, ${hijacked} hijacked`);
  set('process', number(100 * process.cpu, 0), `${bytes(process.memoryBytes)}, up ${duration(process.uptimeMs)}`);
}
