/** How the values of a stream are written: bytes and text as they are and objects as JSON lines, or server-sent events. */
export type ChunkFormat = 'plain' | 'events';

export interface Format {
  readonly type: string;
  readonly write: (value: unknown) => string | Uint8Array;
  /** Whether each value written is whole events. */
  readonly isWhole?: true;
}

const EVENTS: Format = { type: 'text/event-stream; charset=utf-8', write: formatEvent, isWhole: true };
/** Bytes of a stream that is one already. */
const EVENT_BYTES: Format = { type: EVENTS.type, write: formatPlain };
const BYTES: Format = { type: 'application/octet-stream', write: formatPlain };
const TEXT: Format = { type: 'text/plain; charset=utf-8', write: formatPlain };
const LINES: Format = { type: 'application/x-ndjson; charset=utf-8', write: formatLine };

/** How values are written, and what that is called; the first of them decides. */
export function formatOf(format: ChunkFormat, first: unknown): Format {
  const areBytes = first instanceof Uint8Array;
  if (format === 'events') return areBytes ? EVENT_BYTES : EVENTS;
  if (areBytes) return BYTES;
  return typeof first === 'string' ? TEXT : LINES;
}

function formatPlain(value: unknown): string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array ? value : formatLine(value);
}

function formatLine(value: unknown): string {
  return `${toJson(value)}\n`;
}

/** What JSON has no word for is `null`, as it is within arrays. */
function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** One server-sent event (WHATWG HTML §9.2): `data`, and where wanted `event`, `id` and `retry`. */
export interface ServerEvent {
  readonly data: unknown;
  readonly event?: string;
  readonly id?: string | number;
  /** Milliseconds until the client tries again. */
  readonly retry?: number;
}

function formatEvent(value: unknown): string {
  const event = isServerEvent(value) ? value : { data: value };
  const text = typeof event.data === 'string' ? event.data : toJson(event.data);
  let lines = '';
  if (event.event !== undefined) lines += `event: ${oneLine(event.event)}\n`;
  if (event.id !== undefined) lines += `id: ${oneLine(event.id)}\n`;
  if (event.retry !== undefined && event.retry >= 0) lines += `retry: ${Math.trunc(event.retry)}\n`;
  for (const line of text.split(/\r\n|\r|\n/)) lines += `data: ${line}\n`;
  return `${lines}\n`;
}

function isServerEvent(value: unknown): value is ServerEvent {
  return typeof value === 'object' && value !== null && 'data' in value;
}

/** A line break in a name would begin another field. */
function oneLine(text: string | number): string {
  return String(text).replace(/[\r\n\0]/g, ' ');
}
