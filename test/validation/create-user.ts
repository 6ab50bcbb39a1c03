import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsEmail,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

export class Address {
  @IsString()
  @IsNotEmpty()
  street!: string;

  @IsString()
  @IsNotEmpty()
  city!: string;
}

export type Plan = 'free' | 'pro';

/** What the hello sample takes. */
export class CreateUser {
  @IsString()
  @Length(1, 50)
  name!: string;

  @IsEmail()
  email!: string;

  @IsInt()
  @Min(0)
  @Max(150)
  age!: number;

  @ValidateNested()
  @Type(() => Address)
  address!: Address;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(10)
  @IsString({ each: true })
  tags: string[] = [];

  @IsOptional()
  @IsIn(['free', 'pro'])
  plan: Plan = 'free';
}

export function validUser(): Record<string, unknown> {
  return {
    name: 'Ada',
    email: 'ada@example.org',
    age: 36,
    address: { street: '12 St James Square', city: 'London' },
    tags: ['mathematics'],
    plan: 'pro',
  };
}
