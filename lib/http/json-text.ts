import { parse } from 'secure-json-parse';

/** The value that a client's JSON says. A key that reaches a prototype when the value is copied is refused, wherever it stands. */
export function parseJson(text: string): unknown {
  return parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
}

/** Why text is no JSON that is taken. V8 quotes the text around the mistake; a position says as much and repeats nothing. */
export function whyNoJson(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty';
  const message = error instanceof Error ? error.message : '';
  if (message.includes('prototype property')) return 'it has a forbidden key (__proto__ or constructor)';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `there is a mistake at position ${position}`;
  return /end of JSON|Unterminated/i.test(message) ? 'it ends too early' : 'it does not parse';
}
