import type { Frame } from '../monitoring/metrics.service';

/** A number at the top of the page, as it is when the page is made; from then on the page keeps it up to date. */
export interface Figure {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
}

export function figuresOf({ requests, latencyMs, breakers, connections, process }: Frame): Figure[] {
  const closed = breakers.filter(({ state }) => state === 'closed').length;
  const failing = requests.perSecond === 0 ? 0 : (100 * requests.failedPerSecond) / requests.perSecond;
  return [
    { id: 'rate', label: 'Requests', value: requests.perSecond.toFixed(1), unit: '/s', note: `${requests.total} in total` },
    { id: 'latency', label: 'Latency p95', value: latencyMs.p95?.toFixed(0) ?? '–', unit: 'ms', note: 'of the last 10 s' },
    { id: 'failures', label: 'Failures', value: failing.toFixed(1), unit: '%', note: 'answered with 5xx' },
    { id: 'active', label: 'In flight', value: String(requests.active), unit: '', note: 'waiting for an answer' },
    { id: 'circuits', label: 'Circuits closed', value: `${closed}/${breakers.length}`, unit: '', note: 'all others reject' },
    {
      id: 'connections',
      label: 'Connections',
      value: String(connections.webSocket + connections.hijacked),
      unit: '',
      note: `${connections.webSocket} WebSocket, ${connections.hijacked} hijacked`,
    },
    {
      id: 'process',
      label: 'Process',
      value: (100 * process.cpu).toFixed(0),
      unit: '% CPU',
      note: `${(process.memoryBytes / 2 ** 20).toFixed(0)} MiB`,
    },
  ];
}
