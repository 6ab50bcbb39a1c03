import { exportService, ImportService, Injectable, Plugin, serviceRef } from 'rockstar-web';

interface Layer {
  lay(): string;
}
const CHICKEN = serviceRef<Layer>('chicken-plugin', 'chicken');
const EGG = serviceRef<Layer>('egg-plugin', 'egg');

@Injectable()
class Chicken implements Layer {
  constructor(@ImportService(EGG) private readonly egg: Layer) {}
  lay() {
    return `an egg out of ${this.egg.lay()}`;
  }
}

@Injectable()
class Egg implements Layer {
  constructor(@ImportService(CHICKEN) private readonly chicken: Layer) {}
  lay() {
    return `a chicken out of ${this.chicken.lay()}`;
  }
}

/** Which is first? */
@Plugin({ name: 'chicken-plugin', version: '1.0.0', providers: [Chicken], exports: [exportService(CHICKEN, Chicken)] })
export class ChickenPlugin {}

@Plugin({ name: 'egg-plugin', version: '1.0.0', providers: [Egg], exports: [exportService(EGG, Egg)] })
export class EggPlugin {}
