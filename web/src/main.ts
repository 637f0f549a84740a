import { mount } from 'svelte';
import './ui/tokens.css';
import './ui/base.css';
import App from './App.svelte';
import { exposeDiagnostics } from './state/live';
import { pending } from './state/pending.svelte';
import { session } from './state/session.svelte';
import { ui } from './state/ui.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

session.start();
exposeDiagnostics();
pending.start();
ui.start();
mount(App, { target });
