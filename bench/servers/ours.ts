// The framework as a user writes it: node ours.js <port> [async]. HTTP2=1, TLS_KEY and TLS_CERT as for any application.
import { Body, Controller, Get, Module, Param, Post, Query, serve } from 'rockstar-web';
import { IsArray, IsBoolean, IsInt, IsString, Length, Matches, Max, Min, ValidateNested } from 'class-validator';

class Address {
  @IsString() @Length(1, 128) street!: string;
  @IsString() @Length(1, 64) city!: string;
}

class NewUser {
  @IsString() @Length(1, 64) name!: string;
  @IsString() @Matches(/^[^@\s]+@[^@\s]+\.[^@\s]+$/) email!: string;
  @IsInt() @Min(0) @Max(150) age!: number;
  @IsBoolean() active!: boolean;
  @IsArray() @IsString({ each: true }) tags!: string[];
  @ValidateNested() address!: Address;
}

@Controller()
class AppController {
  @Get('/')
  hello() {
    return { hello: 'world' };
  }

  @Get('/users/:id')
  one(@Param('id') id: string, @Query('x') x?: string) {
    return { id, x };
  }

  @Post('/users')
  create(@Body() user: NewUser) {
    return { id: 1, name: user.name };
  }
}

@Controller()
class AsyncController {
  @Get('/')
  async hello() {
    return { hello: 'world' };
  }

  @Get('/users/:id')
  async one(@Param('id') id: string, @Query('x') x?: string) {
    return { id, x };
  }

  @Post('/users')
  async create(@Body() user: NewUser) {
    return { id: 1, name: user.name };
  }
}

const [port, kind] = process.argv.slice(2);

@Module({ controllers: [kind === 'async' ? AsyncController : AppController] })
class AppModule {}

void serve(AppModule, { port: Number(port), logger: false });
