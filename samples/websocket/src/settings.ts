import type { WebSocketOptions } from 'rockstar-web';

const origins = (process.env.ALLOWED_ORIGINS ?? '')
  .split(',')
  .map((origin) => origin.trim())
  .filter((origin) => origin !== '');

/** Of both WebSockets: a ping every `WS_PING_MS`, and pages of `ALLOWED_ORIGINS` alone, where that is set. */
export const websocket: WebSocketOptions = {
  pingIntervalMs: milliseconds('WS_PING_MS', 30_000),
  ...(origins.length === 0 ? {} : { allowedOrigins: origins }),
};

function milliseconds(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${name} must be a whole number of milliseconds, more than 0, not "${text}".`);
}
