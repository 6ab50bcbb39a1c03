import fc from 'fast-check';
import { type BodyReader, ChunkedReader, LengthReader } from '../../lib/http/body-framing';

/** Feeds a reader piece by piece. Out: the content, and what is left behind the body. */
function feed(reader: BodyReader, bytes: Buffer, cuts: readonly number[]): { content: string; rest: string } {
  const content: Buffer[] = [];
  let at = 0;
  for (const size of [...cuts, bytes.length]) {
    const piece = bytes.subarray(at, at + size + 1);
    const taken = reader.take(piece, (part) => content.push(Buffer.from(part)));
    expect(taken === piece.length || reader.complete).toBe(true);
    at += taken;
    if (reader.complete) break;
  }
  return { content: Buffer.concat(content).toString('latin1'), rest: bytes.subarray(at).toString('latin1') };
}

const text = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', ';', ':', ' '), maxLength: 40 });
const cuts = fc.array(fc.nat(9), { maxLength: 60 });
/** As a sender may write the size of a chunk (RFC 9112 §7.1). */
const spelling = fc.record({
  upper: fc.boolean(),
  zeros: fc.nat(3),
  extension: fc.constantFrom('', ';a', ';a=b', ' ;a="b c"', ';;'),
});
const chunk = fc.record({ data: text.filter((data) => data.length > 0), spelling });
const trailer = fc.constantFrom('x-sum: 1', 'X-Sum:1', 'a:', "!#$%&'*+.^_`|~: \t odd \t");

function write({
  data,
  spelling: { upper, zeros, extension },
}: {
  data: string;
  spelling: { upper: boolean; zeros: number; extension: string };
}): string {
  const size = data.length.toString(16).padStart(zeros, '0');
  return `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
}

describe('a body in chunks', () => {
  it('is read as it was written, however it is cut, and not a byte further', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        fc.array(trailer, { maxLength: 3 }),
        text,
        cuts,
        (chunks, trailers, behind, at) => {
          const reader = new ChunkedReader();
          const body = `${chunks.map(write).join('')}0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;
          const got = feed(reader, Buffer.from(body + behind, 'latin1'), at);
          expect(got).toEqual({ content: chunks.map(({ data }) => data).join(''), rest: behind });
          expect(reader.complete).toBe(true);
          expect(reader.trailers.length).toBe(trailers.length * 2);
        },
      ),
      { seed: 20_260_303, numRuns: 1_000 },
    );
  });

  it('never takes what is none for complete, and never goes on behind a mistake', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', '1', 'a', 'g', '\r', '\n', ';', ' ', ':'), maxLength: 30 }),
        cuts,
        (bytes, at) => {
          const once = outcome(bytes, []);
          expect(outcome(bytes, at)).toEqual(once);
        },
      ),
      { seed: 20_260_304, numRuns: 3_000 },
    );
  });

  it.each([
    ['no size', 'x\r\n'],
    ['an empty size', '\r\n'],
    ['a sign', '+1\r\na\r\n'],
    ['a prefix', '0x1\r\na\r\n'],
    ['a size that no number holds', 'fffffffff\r\n'],
    ['a space in front', ' 1\r\na\r\n'],
    ['a line feed alone', '1\na\r\n'],
    ['more than its size', '1\r\nab\r\n'],
    ['a line feed behind the data', '1\r\na\n'],
    ['a control character in an extension', '1;\0\r\n'],
    ['a trailer that is no field', '0\r\nno colon\r\n'],
    ['a trailer that is folded', '0\r\n a: b\r\n'],
    ['a trailer with a space in its name', '0\r\na b: c\r\n'],
    ['an extension without end', `1;${'x'.repeat(20_000)}`],
    ['trailers without end', `0\r\n${'a: b\r\n'.repeat(5_000)}`],
    ['extensions without end', `1;${'x'.repeat(60)}\r\na\r\n`.repeat(400)],
  ])('is refused with %s', (_what, bytes) => {
    expect(() => new ChunkedReader().take(Buffer.from(bytes, 'latin1'), () => undefined)).toThrow();
  });

  it('may be of very many chunks', () => {
    const body = `${'1\r\na\r\n'.repeat(100_000)}0\r\n\r\n`;
    expect(feed(new ChunkedReader(), Buffer.from(body), []).content.length).toBe(100_000);
  });
});

describe('a body with a length', () => {
  it('is as long as it says', () => {
    fc.assert(
      fc.property(text, text, cuts, (body, behind, at) => {
        const reader = new LengthReader(body.length);
        if (body.length === 0) expect(reader.complete).toBe(true);
        else expect(feed(reader, Buffer.from(body + behind), at)).toEqual({ content: body, rest: behind });
      }),
      { seed: 20_260_305 },
    );
  });
});

/** How reading ends: with the content and the rest, in the middle, or refused. */
function outcome(bytes: string, at: readonly number[]): unknown {
  const reader = new ChunkedReader();
  const content: string[] = [];
  let from = 0;
  try {
    for (const size of [...at, bytes.length]) {
      if (from >= bytes.length || reader.complete) break;
      from += reader.take(Buffer.from(bytes.slice(from, from + size + 1), 'latin1'), (part) =>
        content.push(part.toString('latin1')),
      );
    }
  } catch {
    return 'refused';
  }
  return { content: content.join(''), rest: reader.complete ? bytes.slice(from) : 'more' };
}
