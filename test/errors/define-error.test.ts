import fc from 'fast-check';
import { defineErrors } from '../../lib/errors/define-error';
import { isFrameworkError } from '../../lib/errors/framework-error';

const errors = defineErrors({
  SEAT_TAKEN: { message: 'seat {seat} in row {row} is taken by {seat}', status: 409 },
  STAGE_DARK: { message: 'the stage is dark', status: 503 },
  BAND_UNKNOWN: { message: 'there is no {band}. Known: {bands}' },
  BAND_EMPTY: { message: 'a band needs a member' },
});

describe('a table of errors', () => {
  it('makes errors with their code, and the slots filled in wherever they stand', () => {
    const error = errors.SEAT_TAKEN({ seat: 7, row: 'C' });
    expect(error).toMatchObject({
      name: 'FrameworkError',
      code: 'SEAT_TAKEN',
      message: 'SEAT_TAKEN: seat 7 in row C is taken by 7',
      status: 409,
      detail: 'seat 7 in row C is taken by 7',
      headers: undefined,
      errors: undefined,
    });
    expect(isFrameworkError(error)).toBe(true);
    expect(errors.STAGE_DARK()).toMatchObject({ code: 'STAGE_DARK', message: 'STAGE_DARK: the stage is dark', status: 503 });
  });

  it('tells its codes and rows', () => {
    expect(Object.keys(errors)).toEqual(['SEAT_TAKEN', 'STAGE_DARK', 'BAND_UNKNOWN', 'BAND_EMPTY']);
    expect([errors.SEAT_TAKEN.code, errors.SEAT_TAKEN.row.status]).toEqual(['SEAT_TAKEN', 409]);
    expect(errors.BAND_EMPTY.row).toEqual({ message: 'a band needs a member' });
  });

  it('has no status and nothing to send for what only a developer meets', () => {
    const error = errors.BAND_UNKNOWN({ band: 'Quean', bands: 'Queen' });
    expect([error.status, error.detail]).toEqual([undefined, undefined]);
    expect(errors.BAND_EMPTY({}, { detail: 'of four' }).detail).toBe('of four');
  });

  it('takes another detail, headers, issues and a cause', () => {
    const cause = new Error('underneath');
    const options = { detail: 'come later', headers: { 'retry-after': '3' }, errors: [{ path: 'a.b', message: 'no' }], cause };
    const error = errors.STAGE_DARK({}, options);
    expect(error).toMatchObject(options);
    expect(error.cause).toBe(cause);
    expect(error.message).toBe('STAGE_DARK: the stage is dark');
    expect(errors.STAGE_DARK({}, { detail: undefined }).detail).toBe('the stage is dark');
    expect(errors.STAGE_DARK()).not.toHaveProperty('cause');
  });

  it('keeps a cause that is no error, and none that is undefined', () => {
    expect(errors.STAGE_DARK({}, { cause: 0 }).cause).toBe(0);
    expect(errors.STAGE_DARK({}, { cause: undefined })).not.toHaveProperty('cause');
  });

  it("collects no stack for a client's fault, and one for ours", () => {
    const limit = Error.stackTraceLimit;
    expect(errors.SEAT_TAKEN({ seat: 1, row: 1 }).stack).not.toContain('\n    at ');
    expect(errors.STAGE_DARK().stack).toContain('define-error.test');
    expect(errors.BAND_EMPTY().stack).toContain('define-error.test');
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it('takes values as they are: no slot in a value is filled, and no pattern of a replacement is read', () => {
    expect(errors.BAND_UNKNOWN({ band: '{bands} $& $1', bands: 'none' }).message).toBe(
      'BAND_UNKNOWN: there is no {bands} $& $1. Known: none',
    );
  });

  it('leaves a slot as it stands when its value is missing, also where every object has such a property', () => {
    const loose = defineErrors({ SLOT_EMPTY: { message: '{constructor} and {toString}' } });
    // @ts-expect-error -- both slots are missing
    expect(loose.SLOT_EMPTY({}).message).toBe('SLOT_EMPTY: {constructor} and {toString}');
  });

  it('cuts a long value, so that it does not drown the rest', () => {
    const long = 'x'.repeat(301);
    expect(errors.SEAT_TAKEN({ seat: long, row: 'C' }).detail).toBe(
      `seat ${'x'.repeat(300)}… in row C is taken by ${'x'.repeat(300)}…`,
    );
    expect(errors.SEAT_TAKEN({ seat: 'x'.repeat(300), row: 'C' }).detail).not.toContain('…');
    expect(errors.BAND_UNKNOWN({ band: long, bands: '' }).message).toContain('x…');
  });

  it('cuts no list that only a developer reads, and every one a client may have sent', () => {
    const list = Array.from({ length: 100 }, (_, number) => `member ${number}`).join('\n');
    expect(errors.BAND_UNKNOWN({ band: 'Quean', bands: list }).message).toContain('member 99');
    expect(errors.SEAT_TAKEN({ seat: list, row: 'C' }).detail).toHaveLength('seat … in row C is taken by …'.length + 600);
  });

  it('fills any values of the client into a message that stays short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), fc.double(), (seat, row) => {
        const { message } = errors.SEAT_TAKEN({ seat, row });
        const shown = seat.length > 300 ? `${seat.slice(0, 300)}…` : seat;
        expect(message).toBe(`SEAT_TAKEN: seat ${shown} in row ${row} is taken by ${shown}`);
      }),
    );
  });

  it('knows its slots when compiled', () => {
    const wrong = [
      // @ts-expect-error -- row is missing
      () => errors.SEAT_TAKEN({ seat: 1 }),
      // @ts-expect-error -- all slots are missing
      () => errors.SEAT_TAKEN(),
      // @ts-expect-error -- there is no slot stage
      () => errors.SEAT_TAKEN({ seat: 1, row: 2, stage: 3 }),
      // @ts-expect-error -- a slot is text or a number
      () => errors.SEAT_TAKEN({ seat: 1, row: new Date() }),
      // @ts-expect-error -- there are no slots
      () => errors.STAGE_DARK({ stage: 1 }),
      // @ts-expect-error -- there is no such code
      (): unknown => errors.STAGE_LIT,
      // @ts-expect-error -- a code is not any text
      (): 'SEAT_FREE' => errors.SEAT_TAKEN.code,
    ];
    const right = [
      () => errors.SEAT_TAKEN({ seat: 'a', row: 1 }, { cause: 1 }),
      () => errors.STAGE_DARK({}, { headers: {} }),
      (): 'SEAT_TAKEN' => errors.SEAT_TAKEN.code,
    ];
    for (const make of [...wrong, ...right]) expect(make).not.toThrow();
  });
});
