"""The report's page: its sections follow from the results, and what is missing is said."""

from dataclasses import replace

import pandas as pd
import pytest

from evidence import DECISIONS, NEW_ROWS, NOWHERE, RESULTS, ROWS, facts, located, made_up, runs, with_studies
from pages import CHROMIUM, browse, check_page
from report.test_charts import TEMPLATES
