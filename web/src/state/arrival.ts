/* The first thing of the page: nothing is asked of lumad before it is known who is here. Stores ask as soon as they are imported. */
import { session } from './session.svelte';

session.start();
