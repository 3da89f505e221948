import assert from 'node:assert/strict';
import fc from 'fast-check';
import { accountOf, nameOf, roleOf, type Claims } from '../../../desk/sign-in/claims.js';
import { giverProblem } from '../../../messages/to-control.js';

const secret = Buffer.alloc(32, 7);
const issuer = 'https://sso.example.com/realms/space';

describe('what a person may do, by what a sign-in service says', () => {
  const people = { 'ada@example.com': 'operator', f3a1: 'desk', 'gina@example.com': 'viewer' } as const;
  const ofClaim = (claims: Omit<Claims, 'sub'>, roleClaim = 'roles'): string | null =>
    roleOf({ sub: 's', ...claims }, { roleClaim }, people);

  it('is the role of the list, by an e-mail that is verified, or by the subject', () => {
    assert.equal(ofClaim({ email: 'Ada@Example.com', email_verified: true }), 'operator');
    assert.equal(roleOf({ sub: 'f3a1' }, { roleClaim: null }, people), 'desk');
  });

  it('is nothing by an e-mail that nobody verified', () => {
    for (const email_verified of [false, undefined, 'true', 1, null])
      assert.equal(ofClaim({ email: 'ada@example.com', email_verified }), null, String(email_verified));
    assert.equal(ofClaim({ email: ['ada@example.com'], email_verified: true }), null);
    // A Kelvin sign is no k.
    assert.equal(
      roleOf(
        { sub: 's', email: '\u212a@x', email_verified: true },
        { roleClaim: null },
        { 'k@x': 'operator' },
      ),
      null,
    );
  });

  it('is the highest role of the claim, also within another one', () => {
    assert.equal(ofClaim({ roles: ['viewer', 'desk', 'other'] }), 'desk');
    assert.equal(ofClaim({ roles: 'operator' }), 'operator');
    assert.equal(ofClaim({ realm_access: { roles: ['desk'] } }, 'realm_access.roles'), 'desk');
    assert.equal(ofClaim({ 'https://example.com/roles': ['viewer'] }, 'https://example.com/roles'), 'viewer');
  });

  it('is what the list says, where it names a person, and not the claim', () => {
    assert.equal(ofClaim({ email: 'gina@example.com', email_verified: true, roles: ['operator'] }), 'viewer');
  });

  it('is nothing where nobody says so', () => {
    for (const roles of [
      undefined,
      null,
      7,
      [],
      ['admin'],
      [['operator']],
      { operator: true },
      'operators',
      'Operator',
    ])
      assert.equal(ofClaim({ roles }), null, JSON.stringify(roles));
    assert.equal(roleOf({ sub: 's', roles: ['operator'] }, { roleClaim: null }, people), null);
    for (const sub of ['__proto__', 'constructor', 'toString'])
      for (const roleClaim of ['__proto__', 'constructor.name'])
        assert.equal(roleOf({ sub }, { roleClaim }, people), null);
  });
});

describe('how the audit log knows a person of a sign-in service', () => {
  const account = (sub: string): string => accountOf({ sub }, issuer, secret);

  it('is by the subject and the service', () => {
    assert.equal(account('f3a1-77'), 'f3a1-77@sso.example.com');
  });

  it('never holds an e-mail, and tells people apart', () => {
    const subs = [
      'ada@example.com',
      'eve@example.com',
      'ada example.com',
      'a'.repeat(60),
      'a'.repeat(61),
      'ада',
    ];
    const accounts = subs.map(account);
    for (const one of accounts) assert.match(one, /^[0-9a-f]{32}@sso\.example\.com$/);
    assert.equal(new Set(accounts).size, subs.length);
    assert.notEqual(
      account('ada@example.com'),
      accountOf({ sub: 'ada@example.com' }, issuer, Buffer.alloc(32, 8)),
    );
  });

  it('is by a name that is no e-mail', () => {
    const named = (claims: Omit<Claims, 'sub'>): string =>
      nameOf({ sub: 's', ...claims }, 'f3a1@sso.example.com');
    assert.equal(named({ name: ' Ada Lovelace ' }), 'Ada Lovelace');
    assert.equal(named({ name: 'ada@example.com', preferred_username: 'ada' }), 'ada');
    assert.equal(named({ name: '\u202eadA', given_name: 'Ada' }), 'Ada');
    assert.equal(named({ preferred_username: 'ada@example.com' }), 'f3a1 of sso.example.com');
  });

  it('can be kept, whatever the service says', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.anything(), fc.anything(), (sub, name, userName) => {
        const known = accountOf({ sub }, issuer, secret);
        const by = nameOf({ sub, name, preferred_username: userName }, known);
        assert.equal(giverProblem({ by, why: '', account: known }), null);
      }),
    );
  });
});
