import { Readable } from 'node:stream';
import fc from 'fast-check';
import { PromisedReads } from '../../lib/hijack/promised-reads';
import { turn } from '../support/soon';

/** A stream that is fed by hand, and the reads that stand on it. */
function open(highWaterMark = 16): { readonly source: Readable; readonly reads: PromisedReads; end(): void } {
  let inputEnded = false;
  const source = new Readable({ read: () => undefined, highWaterMark });
  const reads = new PromisedReads({
    take: (size) => source.read(size) as Buffer | null,
    giveBack: (bytes) => source.unshift(bytes),
    inputEnded: () => inputEnded,
    endTold: () => source.readableEnded,
    on: (event, listener) => source.on(event, listener),
    off: (event, listener) => source.off(event, listener),
  });
  return {
    source,
    reads,
    end() {
      inputEnded = true;
      source.push(null);
    },
  };
}

type Ask = { readonly kind: 'line' } | { readonly kind: 'bytes' | 'peek'; readonly size: number };
type Outcome = string | undefined | { readonly code: string };

const LIMIT = 12;

/** What each read gives of the whole input, read at leisure. */
function expected(input: Buffer, asks: readonly Ask[]): Outcome[] {
  let at = 0;
  return asks.map((ask) => {
    const left = input.subarray(at);
    if (ask.kind === 'peek') return left.subarray(0, ask.size).toString('latin1');
    if (ask.kind === 'bytes') {
      if (left.length < ask.size) return { code: 'HIJACK_INPUT_ENDED' };
      at += ask.size;
      return left.subarray(0, ask.size).toString('latin1');
    }
    const end = left.indexOf('\n');
    if (end < 0 && left.length === 0) return undefined;
    const text = left.subarray(0, end < 0 ? left.length : end).toString('latin1');
    const line = end < 0 ? text : text.replace(/\r$/, '');
    if (line.length > LIMIT) return { code: 'HIJACK_LINE_TOO_LONG' };
    at += end < 0 ? left.length : end + 1;
    return line;
  });
}

function start(reads: PromisedReads, ask: Ask): Promise<Outcome> {
  const asked = ask.kind === 'line' ? reads.line(LIMIT) : reads[ask.kind](ask.size).then((bytes) => bytes.toString('latin1'));
  return asked.catch((error: unknown) => ({ code: (error as { code: string }).code }));
}

const asks = fc.array(
  fc.oneof(
    fc.constant<Ask>({ kind: 'line' }),
    fc.record({ kind: fc.constantFrom('bytes' as const, 'peek' as const), size: fc.nat(20) }),
  ),
  { minLength: 1, maxLength: 12 },
);
const input = fc
  .array(fc.constantFrom('a', 'b', '\r', '\n', 'cc', '\r\n', 'ddddddddd'), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('reads that are promised', () => {
  it('give the same however the bytes come, asked for one by one or all at once', async () => {
    await fc.assert(
      fc.asyncProperty(input, asks, fc.array(fc.nat(6), { maxLength: 40 }), fc.boolean(), async (text, wanted, cuts, atOnce) => {
        const bytes = Buffer.from(text, 'latin1');
        const { source, reads, end } = open();
        const feed = async (): Promise<void> => {
          let at = 0;
          for (const size of cuts) {
            source.push(bytes.subarray(at, (at = Math.min(bytes.length, at + size + 1))));
            if (size % 2 === 0) await turn();
          }
          source.push(bytes.subarray(at));
          end();
        };
        const fed = feed();
        const got: Outcome[] = [];
        if (atOnce) got.push(...(await Promise.all(wanted.map((ask) => start(reads, ask)))));
        else for (const ask of wanted) got.push(await start(reads, ask));
        await fed;
        expect(got).toEqual(expected(bytes, wanted));
      }),
      { seed: 20_260_302, numRuns: 1_500 },
    );
  });

  it('give back what came of a read that failed', async () => {
    const { source, reads } = open();
    source.push('half a li');
    const [line, bytes] = [reads.line(100), reads.bytes(50)];
    await turn();
    reads.fail(new Error('enough'));
    await expect(line).rejects.toThrow('enough');
    await expect(bytes).rejects.toThrow('enough');
    expect(reads.isWaiting).toBe(false);
    source.push('ne\n');
    expect(await reads.line(100)).toBe('half a line');
  });

  it('ask for more than the stream keeps by itself', async () => {
    const { source, reads } = open(16);
    const asked = reads.bytes(100_000);
    for (let i = 0; i < 100; i++) {
      await turn();
      source.push(Buffer.alloc(1_000, i));
    }
    expect((await asked).length).toBe(100_000);
  });

  it('count the length of a line in bytes, without its end', async () => {
    const { source, reads } = open();
    source.push(`${'x'.repeat(12)}\r\n${'é'.repeat(6)}\n${'x'.repeat(13)}\n`);
    expect(await reads.line(12)).toBe('x'.repeat(12));
    expect(await reads.line(12)).toBe('é'.repeat(6));
    await expect(reads.line(12)).rejects.toMatchObject({ code: 'HIJACK_LINE_TOO_LONG' });
    expect(await reads.line(13)).toBe('x'.repeat(13));
  });

  it('refuse a line that does not end before they have it whole', async () => {
    const { source, reads } = open(1_000);
    const line = reads.line(12);
    source.push('x'.repeat(14));
    await expect(line).rejects.toMatchObject({ code: 'HIJACK_LINE_TOO_LONG' });
    expect((await reads.bytes(14)).toString()).toBe('x'.repeat(14));
  });

  it('leave the stream to others when they are done', async () => {
    const { source, reads, end } = open();
    source.push('line\nrest');
    expect(await reads.line(100)).toBe('line');
    expect([source.listenerCount('readable'), source.listenerCount('end')]).toEqual([0, 0]);
    end();
    const chunks: string[] = [];
    for await (const chunk of source) chunks.push(String(chunk));
    expect(chunks.join('')).toBe('rest');
  });
});
