"""Code around popular packages: requests, numpy, pandas, matplotlib, flask, click."""

import time
from pathlib import Path

import click
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import requests
from flask import Flask, abort, jsonify, request

app = Flask(__name__)
notes = {}


def fetch_json(url, params=None, timeout=10):
    """Fetch a URL and return the JSON that it answers with."""
    response = requests.get(url, params=params, timeout=timeout)
    response.raise_for_status()
    return response.json()


def download(url, path, chunk_size=8192):
    """Download a URL to a file."""
    with requests.get(url, stream=True, timeout=30) as response:
        response.raise_for_status()
        with open(path, "wb") as file:  # noqa: PTH123
            for chunk in response.iter_content(chunk_size):
                file.write(chunk)


def fetch_all_pages(url):
    """Fetch every page of a paginated API and return all items."""
    items = []
    page = 1
    while True:
        data = fetch_json(url, params={"page": page})
        items.extend(data["results"])
        if not data.get("next"):
            break
        page += 1
    return items


class ApiClient:
    """A client with a token."""

    def __init__(self, base_url, token):
        self.base_url = base_url.rstrip("/")
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path, **params):
        """Send a GET request and return the JSON of the answer."""
        response = self.session.get(f"{self.base_url}/{path}", params=params, timeout=10)
        if response.status_code == 429:
            time.sleep(int(response.headers.get("Retry-After", 1)))
            return self.get(path, **params)
        response.raise_for_status()
        return response.json()

    def post(self, path, data):
        """Send data as JSON and return the JSON of the answer."""
        response = self.session.post(f"{self.base_url}/{path}", json=data, timeout=10)
        response.raise_for_status()
        return response.json()


@app.route("/notes")
def list_notes():
    """List all notes, newest first."""
    result = sorted(notes.values(), key=lambda note: note["created"], reverse=True)
    return jsonify(result)


@app.route("/notes", methods=["POST"])
def create_note():
    """Create a note from the JSON body."""
    data = request.get_json()
    if not data or "text" not in data:
        abort(400)
    note = {"id": len(notes) + 1, "text": data["text"], "created": time.time()}
    notes[note["id"]] = note
    return jsonify(note), 201


@app.route("/notes/<int:note_id>", methods=["GET", "DELETE"])
def one_note(note_id):
    """Show or delete one note."""
    if note_id not in notes:
        abort(404)
    if request.method == "DELETE":
        del notes[note_id]
        return "", 204
    return jsonify(notes[note_id])


@app.errorhandler(404)
def not_found(error):
    """Answer with JSON when a page is not found."""
    return jsonify({"error": "not found"}), 404


def load_sales(path):
    """Load the sales from a CSV file with parsed dates."""
    df = pd.read_csv(path, parse_dates=["date"])
    df = df.dropna(subset=["amount"])
    df["month"] = df["date"].dt.to_period("M")
    return df


def monthly_totals(df):
    """Return the total amount of each month."""
    return df.groupby("month")["amount"].sum().reset_index()


def top_customers(df, n=10):
    """Return the customers with the highest total amount."""
    totals = df.groupby("customer")["amount"].sum()
    return totals.sort_values(ascending=False).head(n)


def clean_columns(df):
    """Return the table with lower-case column names without spaces."""
    df = df.copy()
    df.columns = [name.strip().lower().replace(" ", "_") for name in df.columns]
    return df


def plot_totals(totals, path):
    """Plot the monthly totals as bars and save the picture."""
    fig, ax = plt.subplots(figsize=(8, 4))
    ax.bar(totals["month"].astype(str), totals["amount"])
    ax.set_xlabel("Month")
    ax.set_ylabel("Amount")
    ax.set_title("Sales per month")
    fig.tight_layout()
    fig.savefig(path)
    plt.close(fig)


def normalize_rows(matrix):
    """Scale every row of a matrix to length one."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    norms[norms == 0] = 1.0
    return matrix / norms


def sigmoid(x):
    """Return the logistic function of x."""
    return 1 / (1 + np.exp(-x))


def gradient_descent(x, y, rate=0.01, steps=1000):
    """Fit a line by gradient descent and return its weights."""
    x = np.column_stack([np.ones(len(x)), x])
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        error = x @ weights - y
        gradient = x.T @ error / len(y)
        weights -= rate * gradient
    return weights


def moving_average(values, window):
    """Return the moving average of an array."""
    kernel = np.ones(window) / window
    return np.convolve(values, kernel, mode="valid")


@click.command()
@click.argument("path", type=click.Path(exists=True))
@click.option("--top", default=10, show_default=True, help="How many customers to show.")
@click.option("--plot", type=click.Path(), help="Where to save a plot.")
def report(path, top, plot):
    """Print a report on the sales in PATH."""
    df = load_sales(Path(path))
    click.echo(f"{len(df)} sales, {df['amount'].sum():.2f} in all")
    for customer, amount in top_customers(df, top).items():
        click.echo(f"{customer}: {amount:.2f}")
    if plot:
        plot_totals(monthly_totals(df), plot)
        click.secho(f"saved {plot}", fg="green")


if __name__ == "__main__":
    report()
