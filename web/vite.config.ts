import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// `npm run dev` serves the sources and passes API and socket to a running lumad.
const daemon = process.env.LUMAD_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
    plugins: [svelte()],
    base: '/',
    build: {
        target: 'es2022',
        // Everything is a file of its own: the page works under a strict Content-Security-Policy.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        // three.js alone is above the default; it is loaded only with the stage.
        chunkSizeWarningLimit: 900,
        // What comes before any room comes in one file: one request, and it packs better than a dozen.
        rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'frame', tags: ['$initial'] }] } } },
    },
    server: {
        proxy: {
            '/api': { target: daemon, changeOrigin: true },
            '/ws': { target: daemon, ws: true, changeOrigin: true },
        },
    },
    test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
