import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withLock } from "../../src/store/lock.ts";

const PROCESSES = 8;
const ROUNDS = 12;

interface Place {
  readonly lock: string;
  readonly counter: string;
}

async function place(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "weir-lock-"));
  const counter = join(folder, "counter");
  await writeFile(counter, "0");
  return { lock: join(folder, "it.lock"), counter };
}

async function worker({ lock, counter }: Place, rounds: number, holdMs: number): Promise<ChildProcess> {
  const script = join(import.meta.dirname, "holder-killed.ts");
  const child = fork(script, [lock, counter, String(rounds), String(holdMs)], { stdio: "inherit" });
  await once(child, "message");
  return child;
}

async function race(at: Place): Promise<void> {
  const workers = await Promise.all(Array.from({ length: PROCESSES }, () => worker(at, ROUNDS, 1)));
  const ended = workers.map((child) => once(child, "exit"));
  for (const child of workers) child.send("go");
  for (const [code] of await Promise.all(ended)) expect(code).toBe(0);
  expect(await readFile(at.counter, "utf8")).toBe(String(PROCESSES * ROUNDS));
}

test("of many processes one at a time holds the lock, also over a lock file somebody left long ago", async () => {
  for (let time = 0; time < 2; time++) {
    const at = await place();
    await writeFile(at.lock, "");
    await utimes(at.lock, 0, 0);
    await race(at);
  }
}, 60_000);

test("a process that is killed inside leaves no lock behind", async () => {
  const at = await place();
  const holder = await worker(at, 1, 60_000);
  const inside = once(holder, "message");
  holder.send("go");
  await inside;
  const others = race(at);
  const gone = once(holder, "exit");
  holder.kill("SIGKILL");
  await gone;
  await rm(`${at.counter}.inside`);
  await others;
}, 60_000);

test("who waits for a process that stands still is told so, and the lock stays that process's", async () => {
  const at = await place();
  const holder = await worker(at, 1, 60_000);
  const inside = once(holder, "message");
  holder.send("go");
  await inside;
  let entered = false;
  const enter = async (): Promise<void> => void (entered = true);
  await expect(withLock(at.lock, enter, { patienceMs: 100 })).rejects.toMatchObject({
    failure: { code: "config.locked", recovery: "retry", next: expect.stringContaining("end it") as string },
  });
  expect(entered).toBe(false);
  const gone = once(holder, "exit");
  holder.kill("SIGKILL");
  await gone;
  await withLock(at.lock, enter, { patienceMs: 5000 });
  expect(entered).toBe(true);
});
