"""Code around more packages: fastapi, pydantic, sqlalchemy, bs4, Pillow, torch, pygame, yaml."""

import random
from datetime import datetime
from pathlib import Path

import pygame
import torch
import torch.nn.functional as F
import yaml
from bs4 import BeautifulSoup
from fastapi import Depends, FastAPI, HTTPException
from PIL import Image, ImageDraw
from pydantic import BaseModel, Field, field_validator
from sqlalchemy import ForeignKey, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from torch import nn

app = FastAPI(title="Recipes")
engine = create_engine("sqlite:///recipes.db")


class Base(DeclarativeBase):
    """The base of all tables."""


class Recipe(Base):
    """A recipe with its ingredients."""

    __tablename__ = "recipes"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100), unique=True)
    minutes: Mapped[int]
    created: Mapped[datetime] = mapped_column(default=datetime.now)
    ingredients: Mapped[list["Ingredient"]] = relationship(back_populates="recipe", cascade="all, delete-orphan")

    @property
    def is_quick(self) -> bool:
        """Whether the recipe takes at most half an hour."""
        return self.minutes <= 30


class Ingredient(Base):
    """One ingredient of a recipe."""

    __tablename__ = "ingredients"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipes.id"))
    recipe: Mapped[Recipe] = relationship(back_populates="ingredients")


class RecipeIn(BaseModel):
    """A recipe as clients send it."""

    title: str = Field(min_length=3, max_length=100)
    minutes: int = Field(gt=0)
    ingredients: list[str] = []

    @field_validator("ingredients")
    @classmethod
    def not_empty(cls, value: list[str]) -> list[str]:
        """Refuse a recipe without ingredients."""
        names = [name.strip() for name in value if name.strip()]
        if not names:
            raise ValueError("at least one ingredient is needed")
        return names


def get_session():
    """Yield a session for one request."""
    with Session(engine) as session:
        yield session


@app.get("/recipes")
def list_recipes(q: str = "", limit: int = 20, session: Session = Depends(get_session)):  # noqa: B008
    """List the recipes whose titles have the query."""
    query = select(Recipe).order_by(Recipe.title).limit(limit)
    if q:
        query = query.where(Recipe.title.ilike(f"%{q}%"))
    return session.scalars(query).all()


@app.post("/recipes", status_code=201)
def create_recipe(data: RecipeIn, session: Session = Depends(get_session)):  # noqa: B008
    """Create a recipe with its ingredients."""
    recipe = Recipe(title=data.title, minutes=data.minutes)
    recipe.ingredients = [Ingredient(name=name) for name in data.ingredients]
    session.add(recipe)
    session.commit()
    return {"id": recipe.id}


@app.delete("/recipes/{recipe_id}", status_code=204)
def delete_recipe(recipe_id: int, session: Session = Depends(get_session)):  # noqa: B008
    """Delete a recipe, or fail with 404 if there is none."""
    recipe = session.get(Recipe, recipe_id)
    if recipe is None:
        raise HTTPException(status_code=404, detail="recipe not found")
    session.delete(recipe)
    session.commit()


def popular_ingredients(session, count=5):
    """Return the ingredients that most recipes use, with their numbers."""
    query = (
        select(Ingredient.name, func.count().label("uses"))
        .group_by(Ingredient.name)
        .order_by(func.count().desc())
        .limit(count)
    )
    return session.execute(query).all()


def extract_links(html):
    """Return text and address of every link of a page."""
    soup = BeautifulSoup(html, "html.parser")
    links = []
    for tag in soup.find_all("a", href=True):
        links.append((tag.get_text(strip=True), tag["href"]))
    return links


def parse_table(html):
    """Return the first table of a page as dictionaries by its header."""
    soup = BeautifulSoup(html, "html.parser")
    table = soup.find("table")
    if table is None:
        return []
    header = [cell.get_text(strip=True) for cell in table.find_all("th")]
    rows = []
    for line in table.find_all("tr")[1:]:
        cells = [cell.get_text(strip=True) for cell in line.find_all("td")]
        rows.append(dict(zip(header, cells, strict=False)))
    return rows


def make_thumbnails(folder, size=(200, 200)):
    """Save a thumbnail beside every picture of a folder."""
    for path in Path(folder).glob("*.png"):
        with Image.open(path) as image:
            image.thumbnail(size)
            image.save(path.with_suffix(".thumb.png"))


def watermark(source, target, text):
    """Write a text into the lower left corner of a picture."""
    with Image.open(source).convert("RGBA") as image:
        draw = ImageDraw.Draw(image)
        draw.text((10, image.height - 20), text, fill=(255, 255, 255, 128))
        image.convert("RGB").save(target)


class Classifier(nn.Module):
    """A small network for pictures in shades of gray."""

    def __init__(self, classes: int = 10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.fc = nn.Linear(32 * 7 * 7, classes)
        self.dropout = nn.Dropout(0.25)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of all classes."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.dropout(x.flatten(1))
        return self.fc(x)


def train(model, loader, optimizer, device="cpu"):
    """Train a model for one epoch and return the mean loss."""
    model.train()
    losses = []
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


@torch.no_grad()
def test(model, loader, device="cpu"):
    """Return the share of pictures that are classified rightly."""
    model.eval()
    right = total = 0
    for images, labels in loader:
        predicted = model(images.to(device)).argmax(dim=1).cpu()
        right += (predicted == labels).sum().item()
        total += len(labels)
    return right / total


class Ball:
    """A ball that bounces off the edges of the window."""

    def __init__(self, x, y, radius=10):
        self.x = x
        self.y = y
        self.radius = radius
        self.dx = random.choice([-4, 4])
        self.dy = random.choice([-4, 4])

    def move(self, width, height):
        """Move one step and turn around at an edge."""
        self.x += self.dx
        self.y += self.dy
        if self.x < self.radius or self.x > width - self.radius:
            self.dx = -self.dx
        if self.y < self.radius or self.y > height - self.radius:
            self.dy = -self.dy

    def draw(self, screen):
        """Draw the ball on the screen."""
        pygame.draw.circle(screen, (200, 30, 30), (self.x, self.y), self.radius)


def game_loop(width=640, height=480):
    """Run the game until the window is closed."""
    pygame.init()
    screen = pygame.display.set_mode((width, height))
    clock = pygame.time.Clock()
    balls = [Ball(width // 2, height // 2) for _ in range(3)]
    running = True
    while running:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                running = False
            elif event.type == pygame.KEYDOWN and event.key == pygame.K_SPACE:
                balls.append(Ball(width // 2, height // 2))
        screen.fill((255, 255, 255))
        for ball in balls:
            ball.move(width, height)
            ball.draw(screen)
        pygame.display.flip()
        clock.tick(60)
    pygame.quit()


def load_config(path, defaults=None):
    """Load a YAML file over the defaults."""
    config = dict(defaults or {})
    with Path(path).open(encoding="utf-8") as file:
        config.update(yaml.safe_load(file) or {})
    return config
