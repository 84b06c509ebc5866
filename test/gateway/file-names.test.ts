import { describe, expect, test } from 'vitest';
import { attachmentOf, safeNameOf } from '../../src/gateway/file-names.js';

describe('the name that a file is saved under', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['Grüße aus Köln.txt', 'Grüße aus Köln.txt'],
    ['../../etc/passwd', 'etc_passwd'],
    ['..\\..\\windows\\win.ini', 'windows_win.ini'],
    ['C:\\autoexec.bat', 'C__autoexec.bat'],
    ['/etc/shadow', 'etc_shadow'],
    ['a\u0000b.txt', 'a_b.txt'],
    ['a\r\nset-cookie: x', 'a__set-cookie_ x'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['-rf', 'rf'],
    ['.htaccess', 'htaccess'],
    ['gepj\u202Eexe.jpg', 'gepj_exe.jpg'],
    ['a\u2215b\uFF0Fc', 'a_b_c'],
    ['name. . .', 'name'],
    ['"quoted"; filename=evil', 'quoted_; filename=evil'],
    ['...', 'op_1'],
    ['', 'op_1'],
    ['\uD800', 'op_1'],
    ['n'.repeat(300), 'n'.repeat(200)],
  ])('of %j is %j', (name, safe) => {
    expect(safeNameOf(name, 'op_1')).toBe(safe);
  });

  test.each([
    ['report.pdf', `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`],
    ['Grüße.txt', `attachment; filename="Gr__e.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt`],
    ["it's (1).txt", `attachment; filename="it_s (1).txt"; filename*=UTF-8''it%27s%20%281%29.txt`],
    ['a; b=c', `attachment; filename="a_ b_c"; filename*=UTF-8''a%3B%20b%3Dc`],
  ])('%s is encoded where it is told', (name, header) => {
    expect(attachmentOf(name)).toBe(header);
  });
});
