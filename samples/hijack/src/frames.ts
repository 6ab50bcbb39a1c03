import type { HijackedConnection } from 'rockstar-web';

const HEADER_BYTES = 4;
const LARGEST_FRAME_BYTES = 1024 * 1024;

/** Frames as they come: their length in four bytes, big-endian, then as many. Ends with the client, or at one that is too large. */
export async function* readFrames(connection: HijackedConnection): AsyncGenerator<Buffer> {
  while ((await connection.peek(1)).length > 0) {
    const length = (await connection.readExactly(HEADER_BYTES)).readUInt32BE();
    if (length > LARGEST_FRAME_BYTES) return;
    yield await connection.readExactly(length);
  }
}

/** Waits while the client does not read. */
export async function sendFrame(connection: HijackedConnection, payload: Buffer): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payload.length);
  await connection.send(Buffer.concat([header, payload]));
}
