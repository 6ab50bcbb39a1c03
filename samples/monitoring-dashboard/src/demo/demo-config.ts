import { IsBoolean } from 'class-validator';

export class DemoConfig {
  /** Whether there are any. */
  @IsBoolean()
  traffic = true;
}
