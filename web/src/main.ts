import { mount } from 'svelte';
import './state/arrival';
import './ui/tokens.css';
import './ui/base.css';
import App from './App.svelte';
import { exposeDiagnostics } from './state/live';
import { ui } from './state/ui.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

exposeDiagnostics();
ui.start();
mount(App, { target });
