// NestJS on Fastify, as its guide has it. Decorators are applied as the compiler would, since this file is not compiled.
import 'reflect-metadata';
import { Body, Controller, Get, Module, Param, Post, Query, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IsArray, IsBoolean, IsInt, IsString, Length, Matches, Max, Min, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { EMAIL } from './user-rules.mjs';

function decorateFields(type, fields) {
  for (const [name, decorators] of Object.entries(fields)) Reflect.decorate(decorators, type.prototype, name, undefined);
}

function decorateMethod(type, name, types, decorators) {
  const all = [...decorators, Reflect.metadata('design:paramtypes', types)];
  Reflect.decorate(all, type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name));
}

const argument = (index, decorator) => (target, name) => decorator(target, name, index);

class Address {}
decorateFields(Address, { street: [IsString(), Length(1, 128)], city: [IsString(), Length(1, 64)] });

class NewUser {}
decorateFields(NewUser, {
  name: [IsString(), Length(1, 64)],
  email: [IsString(), Matches(EMAIL)],
  age: [IsInt(), Min(0), Max(150)],
  active: [IsBoolean()],
  tags: [IsArray(), IsString({ each: true })],
  address: [ValidateNested(), Type(() => Address)],
});

class AppController {
  hello() {
    return { hello: 'world' };
  }
  one(id, x) {
    return { id, x };
  }
  create(user) {
    return { id: 1, name: user.name };
  }
}
decorateMethod(AppController, 'hello', [], [Get('/')]);
decorateMethod(AppController, 'one', [String, String], [Get('/users/:id'), argument(0, Param('id')), argument(1, Query('x'))]);
decorateMethod(AppController, 'create', [NewUser], [Post('/users'), argument(0, Body())]);
Reflect.decorate([Controller()], AppController);

class AppModule {}
Reflect.decorate([Module({ controllers: [AppController] })], AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error'] });
app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
await app.listen(Number(process.argv[2]), '127.0.0.1');
console.log('listening');
process.on('SIGTERM', () => process.exit(0));
