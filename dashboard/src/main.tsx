import 'uplot/dist/uPlot.min.css';
import '../style/base.css';
import '../style/parts.css';
import '../style/cards.css';
import '../style/event.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme } from './core/theme.ts';

applyTheme();
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
