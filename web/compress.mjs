/* What the build made, once more as .gz and .br beside it: lumad sends the one a browser takes (daemon/api/static.c). Only where it is smaller by a tenth. */
import fs from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = path.resolve(process.argv[2] ?? 'dist');
for (const name of fs.readdirSync(dist, { recursive: true })) {
    const file = path.join(dist, name);
    if (/\.(br|gz)$/.test(name) || !fs.statSync(file).isFile()) continue;
    const whole = fs.readFileSync(file);
    const made = {
        gz: gzipSync(whole, { level: 9 }),
        br: brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: whole.length } }),
    };
    for (const [ending, bytes] of Object.entries(made)) {
        if (bytes.length < whole.length * 0.9) fs.writeFileSync(`${file}.${ending}`, bytes);
    }
}
