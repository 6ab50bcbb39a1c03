import { IsInt, IsString, Min, MinLength } from 'class-validator';
import { Secret } from 'rockstar-web';

/** What auth-plugin is configured with. */
export class AuthConfig {
  @Secret()
  @IsString()
  @MinLength(32)
  secret!: string;

  @IsInt()
  @Min(1_000)
  tokenLifeMs = 3_600_000;
}
