import { IsString, Length } from 'class-validator';

/** Who enters, and where. */
export class Visitor {
  @IsString()
  @Length(1, 100)
  room!: string;

  @IsString()
  @Length(1, 100)
  user!: string;
}

/** Something to be heard by all in the room. */
export class Say {
  @IsString()
  @Length(1, 1000)
  text!: string;
}
