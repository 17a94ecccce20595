import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tier } from '../../src/core/administration/organization.ts';
import type { Job } from '../../src/core/delivery/job.ts';
import type { JobId, OrganizationId } from '../../src/core/ids.ts';
import { timestamp } from '../../src/core/time.ts';
import { TokenBuckets } from '../../src/engines/sqlite/coordination/rate-limiter.ts';
import { JobAllowance } from '../../src/pipeline/redelivery/job-allowance.ts';

const RATE_LIMITS = { free: 100, pro: 1_000, business: 10_000, enterprise: 100_000, unlimited: null };

function parts(tier: Tier) {
  let ms = 0;
  const rateLimiter = new TokenBuckets({ now: () => timestamp(0), monotonicMs: () => ms });
  const organization = { id: 'o' as OrganizationId, name: 'o', tier, createdAt: timestamp(0) };
  const store = { organizations: { get: async () => organization } };
  const allowance = new JobAllowance({ store, rateLimiter, rateLimits: RATE_LIMITS });
  const job = { id: 'j' as JobId, organizationId: 'o' as OrganizationId } as Job;
  return { allowance, rateLimiter, job, pass: (seconds: number) => (ms += seconds * 1_000) };
}

test('a job pays for its deliveries before it continues, and leaves half of the bucket to events', async () => {
  const { allowance, rateLimiter, job, pass } = parts('free');
  assert.ok(await allowance.settleDebt(job), 'nothing is owed yet');
  allowance.spent(job, 200, false);
  assert.ok(!(await allowance.settleDebt(job)), '50 of 200 are paid');
  assert.equal(rateLimiter.take('o' as OrganizationId, 100, 0).remaining, 50);
  assert.ok(!(await allowance.settleDebt(job)), 'the half that is left is for events');
  for (let paid = 50; paid < 200; paid += 25) {
    assert.ok(!(await allowance.settleDebt(job)));
    pass(15);
  }
  assert.ok(await allowance.settleDebt(job));
  assert.ok(await allowance.settleDebt(job), 'once paid, it is paid');
});

test('an unlimited organization pays nothing; a finished job has no debt', async () => {
  const unlimited = parts('unlimited');
  unlimited.allowance.spent(unlimited.job, 1_000_000, false);
  assert.ok(await unlimited.allowance.settleDebt(unlimited.job));
  const free = parts('free');
  free.allowance.spent(free.job, 1_000, true);
  assert.ok(await free.allowance.settleDebt(free.job));
});
