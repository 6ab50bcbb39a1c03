import {
  ArrayMaxSize,
  IsArray,
  IsEmail,
  IsIn,
  IsInt,
  IsString,
  Length,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

class Address {
  @IsString()
  street!: string;

  @IsString()
  city!: string;
}

/** What a client sends to become a user. */
export class NewUser {
  @Length(1, 50)
  name!: string;

  @IsEmail()
  email!: string;

  @IsInt()
  @Min(0)
  @Max(150)
  age!: number;

  @ValidateNested()
  address!: Address;

  @ValidateIf((user: NewUser) => user.tags !== undefined)
  @IsArray()
  @ArrayMaxSize(10)
  @IsString({ each: true })
  tags: string[] = [];

  @ValidateIf((user: NewUser) => user.plan !== undefined)
  @IsIn(['free', 'pro'])
  plan: 'free' | 'pro' = 'free';
}
