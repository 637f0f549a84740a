import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { HELP, helpOf, inOrder } from './warnings';

const DAEMON = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../daemon');

/* Where the id is an argument: who is called with it. */
const HANDED_ON: Record<string, [string, RegExp]> = {
    'show/senders.c': ['show/senders.c', /\bcheck\(s, REL_\w+, "([a-z_]+)"/g],
    'start/parts_page.c': ['net/auth.c', /\bwarn\(a, "([a-z_.]+)"/g],
};

/* Every id and every prefix that the daemon's sources raise. */
function raised(): string[] {
    const read = (file: string) => fs.readFileSync(path.join(DAEMON, file), 'utf8');
    const ids = new Set<string>();
    const files = fs.readdirSync(DAEMON, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.c') && f !== 'show/warnings.c');
    for (const file of files) {
        for (const [, first] of read(file).matchAll(/\bwarnings_(?:raise|sync|sync_ids)\(\s*[^,()]+,\s*([^,]+?)\s*,/g)) {
            const literal = /^"([a-z_.]+)"$/.exec(first!)?.[1];
            const on = HANDED_ON[file];
            if (literal) ids.add(literal);
            else if (!on) throw new Error(`${file}: whose id is "${first}"?`);
            else for (const [, id] of read(on[0]).matchAll(on[1])) ids.add(id!);
        }
    }
    return [...ids].sort();
}

test('every warning that lumad can raise has words about what to do', () => {
    const ids = raised();
    expect(ids.length).toBeGreaterThan(15);
    expect(ids.filter((id) => !helpOf(id))).toEqual([]);
});

test('there are no words for what lumad never says', () => {
    const ids = raised();
    expect(Object.keys(HELP).filter((id) => !ids.includes(id))).toEqual([]);
});

test('an id below a prefix is helped as its prefix is; an unknown one has no words', () => {
    expect(helpOf('output.0f2c')).toBe(HELP.output);
    expect(helpOf('sender_above.sacn.10.0.0.7.811c9dc5.120')).toBe(HELP.sender_above);
    expect(helpOf('something.new')).toBeNull();
});

test('what affects the show stands first', () => {
    const w = (level: string, since: string) => ({ level, since });
    expect(inOrder([w('info', '3'), w('warn', '1'), w('error', '0'), w('warn', '2')]).map((x) => x.level + x.since)).toEqual(['error0', 'warn2', 'warn1', 'info3']);
});
