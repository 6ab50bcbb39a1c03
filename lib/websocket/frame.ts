// Hot: what is sent is framed here. One write of one buffer costs the kernel less than a header and a payload apart.

const TEXT = 0x81;
const BINARY = 0x82;

/** A whole text message in one unmasked frame, as a server sends it (RFC 6455 §5.2). */
export function textFrame(text: string): Buffer {
  return (text.length <= MOST_BY_HAND ? shortAsciiFrame(text) : undefined) ?? anyTextFrame(text);
}

/** Calls into the engine take longer than this many characters here. */
const MOST_BY_HAND = 100;

/** Undefined for text of more than ASCII. */
function shortAsciiFrame(text: string): Buffer | undefined {
  const frame = allocate(TEXT, text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return undefined;
    frame[at + 2] = code;
  }
  return frame;
}

function anyTextFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = allocate(TEXT, length);
  frame.write(text, frame.length - length);
  return frame;
}

/** The header of a binary message whose payload is written behind it. */
export function binaryHeader(length: number): Buffer {
  return allocate(BINARY, length, 0);
}

/** A whole binary message likewise; the bytes are copied. */
export function binaryFrame(bytes: Uint8Array): Buffer {
  const frame = allocate(BINARY, bytes.length);
  frame.set(bytes, frame.length - bytes.length);
  return frame;
}

function headerLength(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** A frame whose payload is still to be filled in. */
function allocate(firstByte: number, length: number, room = length): Buffer {
  const offset = headerLength(length);
  const frame = Buffer.allocUnsafe(offset + room);
  frame[0] = firstByte;
  if (offset === 2) {
    frame[1] = length;
  } else if (offset === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  return frame;
}
