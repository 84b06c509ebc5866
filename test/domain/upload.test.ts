import { describe, expect, test } from 'vitest';
import { fileDeletionOf, type OpId, parseUploadCommand } from '../../src/domain/index.js';

const idemKey = 'upload-1001';
const sha256 = 'a'.repeat(64);
const body = { account: 'alice', size: 1250 };
const faultsOf = (input: unknown) => {
  const parsed = parseUploadCommand(input, idemKey);
  return parsed.ok ? [] : parsed.faults.map(({ path, code }) => `${path} ${code}`);
};

describe('an upload that can be read', () => {
  test('is a claim of so many bytes', () => {
    const announced = { sha256, mediaType: 'image/svg+xml', bizKey: 'report-7' };

    expect(parseUploadCommand({ ...body, ...announced }, idemKey)).toEqual({
      ok: true,
      value: {
        command: {
          ...{ domain: 'FileUpload', eventType: 'FileUploadRequested', idemKey },
          bizKey: 'report-7',
          payload: {
            ...{ account: 'alice', amount: 1250, currency: 'BYTE' },
            ...{ sha256, mediaType: 'image/svg+xml' },
          },
        },
      },
    });
  });

  test('keeps what a person wrote out of the command', () => {
    const secret = { name: '../Mara’s\n.pdf', metadata: { note: 'ring twice' } };

    const parsed = parseUploadCommand({ ...body, ...secret }, idemKey);

    expect(parsed.ok && parsed.value.sealed).toEqual(secret);
    expect(parsed.ok && JSON.stringify(parsed.value.command)).not.toMatch(/Mara|ring/);
  });
});

test.each<[object, readonly string[]]>([
  [{ account: 'alice' }, ['size field-required']],
  [{ ...body, size: 0 }, ['size amount-not-positive']],
  [{ ...body, size: 1.5 }, ['size amount-invalid']],
  [{ ...body, size: '1250' }, ['size amount-invalid']],
  [{ ...body, sha256: sha256.toUpperCase() }, ['sha256 text-invalid']],
  [{ ...body, sha256: `${sha256}a` }, ['sha256 text-too-long']],
  [{ ...body, mediaType: 'image' }, ['mediaType text-invalid']],
  [{ ...body, mediaType: 'text/html; charset=utf-8' }, ['mediaType text-invalid']],
  [{ ...body, name: '' }, ['name field-required']],
  [{ ...body, name: 'a\u0000b' }, ['name text-invalid']],
  [{ ...body, name: 'x'.repeat(256) }, ['name text-too-long']],
  [{ ...body, currency: 'EUR' }, ['currency unknown-field']],
  [{ size: -1, sha256: 'x' }, ['size amount-not-positive', 'sha256 text-invalid']],
])('%j is refused with all that is wrong with it', (input, faults) => {
  expect(faultsOf(input)).toEqual(expect.arrayContaining([...faults]));
});

test('the deletion of a file is one operation, whoever asks', () => {
  const file = { upload: 'op_file' as OpId, account: 'alice' as never, amount: 3 };

  expect(fileDeletionOf(file)).toMatchObject({
    ...{ domain: 'FileUpload', eventType: 'FileDeletionRequested' },
    ...{ idemKey: 'delete:op_file', bizKey: 'op_file', payload: { ...file, currency: 'BYTE' } },
  });
});
