import {
  IsString,
  Validate,
  ValidateBy,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import type { Checked } from '../../lib/validation/issues';
import { compileSchema } from '../../lib/validation/schema';
import { found } from './outcome';

const taken = new Set(['ada', 'grace']);

@ValidatorConstraint({ name: 'isFree', async: true })
class IsFree implements ValidatorConstraintInterface {
  async validate(name: unknown): Promise<boolean> {
    await Promise.resolve();
    if (name === 'boom') throw new Error('the database is away');
    return typeof name === 'string' && !taken.has(name);
  }
  defaultMessage(): string {
    return '$property is taken';
  }
}

/** Asynchronous without saying so, which class-validator's validateSync takes for valid. */
function IsQuietlyFree(each = false): PropertyDecorator {
  const validate = (name: unknown): Promise<boolean> => Promise.resolve(typeof name === 'string' && !taken.has(name));
  return ValidateBy({ name: 'isQuietlyFree', validator: { validate } }, { each });
}

class Account {
  @Validate(IsFree) @IsString() name!: string;
  @IsQuietlyFree() alias!: string;
}
class Team {
  @IsQuietlyFree(true) names!: string[];
  @ValidateNested() owner!: Account;
}

const teams = compileSchema(Team);
const fine = { names: ['x', 'y'], owner: { name: 'x', alias: 'y' } };

async function later(checked: Checked | Promise<Checked>): Promise<readonly string[]> {
  expect(checked).toBeInstanceOf(Promise);
  return found(await checked);
}

/** The rejections that nobody met, a turn after `act`. */
async function unhandledAfter(act: () => void): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const listen = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', listen);
  act();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', listen);
  return unhandled;
}

describe('validators that answer later', () => {
  it('are waited for', async () => {
    expect(await later(teams.check(fine))).toEqual([]);
    expect(await later(teams.check({ ...fine, owner: { name: 'ada', alias: 'grace' } }))).toEqual([
      'owner.name isFree',
      'owner.alias isQuietlyFree',
    ]);
    expect(await later(teams.check({ ...fine, names: ['x', 'ada'] }))).toEqual(['names isQuietlyFree']);
  });

  it('do not change the order of the issues', async () => {
    expect(await later(teams.check({ names: ['ada'], owner: { name: 5, alias: 'ada' }, x: 1 }))).toEqual([
      'names isQuietlyFree',
      'owner.name isFree',
      'owner.name isString',
      'owner.alias isQuietlyFree',
      'x whitelistValidation',
    ]);
  });

  it('that reject make the check reject', async () => {
    await expect(teams.check({ ...fine, owner: { name: 'boom', alias: 'y' } })).rejects.toThrow('the database is away');
  });

  it('that reject beside one that throws leave no rejection unhandled', async () => {
    class Both {
      @Validate(IsFree) name!: string;
      @ValidateBy({
        name: 'throws',
        validator: {
          validate: () => {
            throw new Error('thrown at once');
          },
        },
      })
      other!: string;
    }
    const unhandled = await unhandledAfter(() => {
      expect(() => compileSchema(Both).check({ name: 'boom', other: 'x' })).toThrow('thrown at once');
    });
    expect(unhandled).toEqual([]);
  });

  it('that reject for one item, beside an item that is wrong at once, leave no rejection unhandled', async () => {
    class Items {
      @ValidateBy(
        { name: 'isFine', validator: { validate: (item) => (item === 1 ? Promise.reject(new Error('away')) : false) } },
        { each: true },
      )
      items!: number[];
    }
    const unhandled = await unhandledAfter(() => {
      expect(found(compileSchema(Items).check({ items: [1, 2] }))).toEqual(['items isFine']);
    });
    expect(unhandled).toEqual([]);
  });

  it('convert records before they are asked', async () => {
    class Search {
      @IsQuietlyFree() name!: string;
      @IsString() page!: number;
    }
    expect(await later(compileSchema(Search).checkRecord({ name: 'ada', page: 'x' }))).toEqual([
      'page isNumber',
      'name isQuietlyFree',
    ]);
  });
});
