# Everyday code as students and hobbyists write it: no type hints, simple loops.


class Student:
    def __init__(self, name, age):
        self.name = name
        self.age = age
        self.grades = {}

    def add_grade(self, subject, grade):
        """Add a grade for a subject."""
        if subject not in self.grades:
            self.grades[subject] = []
        self.grades[subject].append(grade)

    def average(self, subject=None):
        """Return the average grade in a subject, or in all of them."""
        if subject is not None:
            grades = self.grades.get(subject, [])
        else:
            grades = [grade for values in self.grades.values() for grade in values]
        if len(grades) == 0:
            return 0
        return sum(grades) / len(grades)

    def passed(self):
        """Whether the student passed every subject."""
        return all(self.average(subject) >= 60 for subject in self.grades)

    def __repr__(self):
        return f"Student({self.name!r}, {self.age})"


class Classroom:
    def __init__(self, teacher):
        self.teacher = teacher
        self.students = []

    def add_student(self, student):
        """Add a student who is not in the class yet."""
        if any(other.name == student.name for other in self.students):
            raise ValueError(f"{student.name} is already in the class")
        self.students.append(student)

    def best_student(self):
        """Return the student with the best average, or None."""
        best = None
        for student in self.students:
            if best is None or student.average() > best.average():
                best = student
        return best

    def report(self):
        """Return a line with name and average for each student."""
        lines = []
        for student in sorted(self.students, key=lambda s: s.name):
            lines.append(f"{student.name}: {student.average():.1f}")
        return "\n".join(lines)


class Animal:
    sound = "..."

    def __init__(self, name):
        self.name = name

    def speak(self):
        """Return what the animal says."""
        return f"{self.name} says {self.sound}"


class Dog(Animal):
    sound = "Woof"

    def __init__(self, name, tricks=None):
        super().__init__(name)
        self.tricks = tricks or []

    def teach(self, trick):
        """Teach the dog a trick that it does not know."""
        if trick not in self.tricks:
            self.tricks.append(trick)


class Thermostat:
    def __init__(self, temperature=20.0):
        self._temperature = temperature

    @property
    def temperature(self):
        """Return the temperature in Celsius."""
        return self._temperature

    @temperature.setter
    def temperature(self, value):
        if value < 5 or value > 30:
            raise ValueError("temperature must be between 5 and 30")
        self._temperature = value

    @property
    def fahrenheit(self):
        """Return the temperature in Fahrenheit."""
        return self._temperature * 9 / 5 + 32


class BankAccount:
    interest_rate = 0.02

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        """Add an amount to the balance."""
        if amount <= 0:
            raise ValueError("Deposit must be positive")
        self.balance += amount
        return self.balance

    def withdraw(self, amount):
        """Subtract an amount from the balance."""
        if amount > self.balance:
            raise ValueError("Not enough money")
        self.balance -= amount
        return self.balance

    def add_interest(self):
        """Add the interest of one year to the balance."""
        self.balance += self.balance * self.interest_rate

    @classmethod
    def set_interest_rate(cls, rate):
        """Set the interest rate of all accounts."""
        cls.interest_rate = rate

    @staticmethod
    def is_valid_number(number):
        """Whether a text could be an account number."""
        return len(number) == 10 and number.isdigit()

    def __str__(self):
        return f"{self.owner}: {self.balance:.2f}"


def letter_grade(score):
    """Return the letter for a score from 0 to 100."""
    if score >= 90:
        return "A"
    if score >= 80:
        return "B"
    if score >= 70:
        return "C"
    if score >= 60:
        return "D"
    return "F"


def multiplication_table(n):
    """Print the multiplication table up to n times n."""
    for i in range(1, n + 1):
        row = ""
        for j in range(1, n + 1):
            row += f"{i * j:4}"
        print(row)


def fizz_buzz(limit):
    """Return the fizz buzz words for the numbers up to the limit."""
    words = []
    for number in range(1, limit + 1):
        word = ""
        if number % 3 == 0:
            word += "Fizz"
        if number % 5 == 0:
            word += "Buzz"
        words.append(word or str(number))
    return words


def count_votes(votes):
    """Return the candidate with the most votes."""
    counts = {}
    for vote in votes:
        counts[vote] = counts.get(vote, 0) + 1
    return max(counts, key=counts.get)


def bmi(weight, height):
    """Return the body mass index from kilograms and meters."""
    return round(weight / height**2, 1)


def bmi_category(value):
    """Return the category that a body mass index belongs to."""
    if value < 18.5:
        return "underweight"
    if value < 25:
        return "normal"
    if value < 30:
        return "overweight"
    return "obese"


def is_strong_password(password):
    """Whether a password is long and has letters, digits and signs."""
    if len(password) < 8:
        return False
    has_upper = any(c.isupper() for c in password)
    has_lower = any(c.islower() for c in password)
    has_digit = any(c.isdigit() for c in password)
    has_sign = any(not c.isalnum() for c in password)
    return has_upper and has_lower and has_digit and has_sign


def second_largest(numbers):
    """Return the second largest distinct number, or None."""
    distinct = sorted(set(numbers))
    if len(distinct) < 2:
        return None
    return distinct[-2]


def remove_duplicates(items):
    """Return the items without repetitions, in their order."""
    result = []
    for item in items:
        if item not in result:
            result.append(item)
    return result


def invert_dict(mapping):
    """Swap the keys and values of a dictionary."""
    inverted = {}
    for key, value in mapping.items():
        inverted[value] = key
    return inverted


def make_change(amount, coins=(200, 100, 50, 20, 10, 5, 2, 1)):
    """Return how many of each coin make up an amount in cents."""
    change = {}
    for coin in coins:
        count, amount = divmod(amount, coin)
        if count > 0:
            change[coin] = count
    return change


def print_triangle(height, char="*"):
    """Print a triangle of the given height."""
    for row in range(1, height + 1):
        spaces = " " * (height - row)
        print(spaces + char * (2 * row - 1))


def menu():
    """Show the menu until the user quits."""
    shopping = []
    while True:
        print("1. Add item")
        print("2. Show list")
        print("3. Quit")
        choice = input("Your choice: ")
        if choice == "1":
            item = input("Item: ")
            shopping.append(item)
        elif choice == "2":
            for number, item in enumerate(shopping, 1):
                print(number, item)
        elif choice == "3":
            break
        else:
            print("Unknown choice")


def guess_number(secret, guesses):
    """Return the answers to a series of guesses."""
    answers = []
    for guess in guesses:
        if guess < secret:
            answers.append("too low")
        elif guess > secret:
            answers.append("too high")
        else:
            answers.append("correct")
            break
    return answers


def power(base, exponent):
    """Return the base to an integer exponent by squaring."""
    if exponent < 0:
        return 1 / power(base, -exponent)
    result = 1
    while exponent:
        if exponent % 2 == 1:
            result *= base
        base *= base
        exponent //= 2
    return result


def hanoi(n, source, target, spare, moves):
    """Move n disks from source to target and record the moves."""
    if n == 0:
        return
    hanoi(n - 1, source, spare, target, moves)
    moves.append((source, target))
    hanoi(n - 1, spare, target, source, moves)


if __name__ == "__main__":
    room = Classroom("Ms. Lee")
    for name, age in [("Mia", 14), ("Tom", 15)]:
        room.add_student(Student(name, age))
    room.students[0].add_grade("math", 92)
    room.students[1].add_grade("math", 75)
    print(room.report())
    print("Best:", room.best_student().name)
