import { describe, expect, test } from 'vitest';
import { readObject } from '../../src/domain/index.js';

const readName = (input: unknown) => readObject(input, ['name'], (read) => read.text('name', 5));

describe('readObject', () => {
  test('gives what the reader made of the fields', () => {
    expect(readName({ name: 'Mara' })).toEqual({ ok: true, value: 'Mara' });
  });

  test('does not take a field that the object inherits', () => {
    const input: unknown = Object.create({ name: 'Mara' });

    expect(readName(input)).toEqual({
      ok: false,
      faults: [{ path: 'name', code: 'field-required' }],
    });
  });

  test('names __proto__ of the wire as unknown, and reads nothing through it', () => {
    const input: unknown = JSON.parse('{"__proto__":{"name":"Mara"}}');

    expect(readName(input)).toEqual({
      ok: false,
      faults: [
        { path: '__proto__', code: 'unknown-field' },
        { path: 'name', code: 'field-required' },
      ],
    });
  });

  test('cuts the name of an unknown field at 64 letters', () => {
    const parsed = readName({ name: 'Mara', ['x'.repeat(100_000)]: 1 });

    expect(parsed).toEqual({
      ok: false,
      faults: [{ path: 'x'.repeat(64), code: 'unknown-field' }],
    });
  });

  test('counts null as given and an absent field as absent', () => {
    const read = (input: unknown) =>
      readObject(input, ['n'], (reader) =>
        reader.optional('n', (path) => reader.whole(path, 1, 3)),
      );

    expect(read({})).toEqual({ ok: true, value: undefined });
    expect(read({ n: 3 })).toEqual({ ok: true, value: 3 });
    expect(read({ n: null })).toEqual({
      ok: false,
      faults: [{ path: 'n', code: 'field-invalid' }],
    });
  });
});
