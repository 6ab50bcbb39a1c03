import { types } from 'node:util';
import { websocketErrors } from './errors';
import { binaryFrame, textFrame } from './frame';

/** A message that was made ready once, to be sent to many: a broadcast, or the values of an Observable that many sessions share. */
export class PreparedMessage {
  /** What is sent, without its frame. */
  readonly payload: string | Uint8Array;
  #frame: Buffer | undefined;

  /** @internal Use `prepareMessage`. */
  constructor(payload: string | Uint8Array) {
    this.payload = payload;
    this.#frame = undefined;
  }

  /** @internal The one frame that all get. */
  get frame(): Buffer {
    this.#frame ??= typeof this.payload === 'string' ? textFrame(this.payload) : binaryFrame(this.payload);
    return this.#frame;
  }
}

/** What a value is sent as: text and bytes as they are, anything else as JSON. Fails with: WEBSOCKET_UNSENDABLE. */
export function toPayload(data: unknown): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return types.isAnyArrayBuffer(data) ? new Uint8Array(data) : toJson(data);
}

function toJson(data: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'its toJSON failed';
    throw websocketErrors.WEBSOCKET_UNSENDABLE({ reason }, { cause, detail: UNSENDABLE });
  }
  if (text === undefined) throw websocketErrors.WEBSOCKET_UNSENDABLE({ reason: `it is ${typeof data}` }, { detail: UNSENDABLE });
  return text;
}

const UNSENDABLE = 'The answer could not be sent.';

/**
 * Makes a message ready once, so that sending it to many costs no more than the writing.
 *
 * In: text, bytes, or anything JSON can say. Out: what `send` takes. Fails with: WEBSOCKET_UNSENDABLE.
 */
export function prepareMessage(data: unknown): PreparedMessage {
  return data instanceof PreparedMessage ? data : new PreparedMessage(toPayload(data));
}
