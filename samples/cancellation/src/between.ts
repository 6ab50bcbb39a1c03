import { type ArgumentMetadata, BadRequestError, type PipeTransform } from 'rockstar-web';

/** Takes the numbers of a range; any other is a 400. */
export class Between implements PipeTransform<number, number> {
  constructor(
    private readonly least: number,
    private readonly most: number,
  ) {}

  transform(value: number, { name = '' }: ArgumentMetadata): number {
    if (value >= this.least && value <= this.most) return value;
    const message = `${name} must be from ${this.least} to ${this.most}`;
    throw new BadRequestError({ code: 'VALIDATION_FAILED', detail: message, errors: [{ path: name, message }] });
  }
}
